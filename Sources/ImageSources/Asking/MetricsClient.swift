import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Networking
package import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Asks Prometheus, or what speaks its API, and Loki: one GET for each question, with bounds on time and bytes.
///
/// Source: Prometheus' HTTP API, "Instant queries"; Loki's HTTP API, "Query logs at a single point in time".
package struct MetricsClient: Sendable {
  /// Of the whole question.
  package static let limit = Duration.seconds(30)
  private static let mostRedirects = 3

  /// Proxies, further authorities and the name under which is asked are those for registries.
  private let configuration: RegistryConfiguration
  private let limit: Duration
  private let mostBytes: Int
  private let voice: SourceVoice

  /// - Parameter mostBytes: of an answer; of 64 MiB when nil.
  package init(
    configuration: RegistryConfiguration, voice: SourceVoice = .prepull, limit: Duration = Self.limit,
    mostBytes: Int? = nil
  ) {
    self.voice = voice
    self.configuration = configuration
    self.limit = limit
    self.mostBytes = mostBytes ?? SeriesReader.mostBytes
  }

  /// What is asked, for people.
  package static func address(of source: MetricsSource) -> String { source.address.text + path(of: source.kind) }

  private static func path(of kind: MetricsSource.Kind) -> String {
    switch kind {
    case .prometheus: "/api/v1/query"
    case .loki: "/loki/api/v1/query"
    }
  }

  /// What the answer comes to for each image.
  ///
  /// - Throws: `SourceError`, or `CancellationError`.
  package func ask(_ source: MetricsSource, _ credential: SourceCredential) async throws -> (
    tally: ImageTally, warning: String?
  ) {
    do {
      return try await withTimeLimit(limit) {
        let client = HTTPClient(
          eventLoopGroupProvider: .singleton, configuration: try settings(for: source, credential))
        do {
          let answer = try await ask(source, credential, client)
          try await client.shutdown(waitingAtMost: .milliseconds(500))
          return answer
        } catch {
          try? await client.shutdown(waitingAtMost: .milliseconds(500))
          throw error
        }
      }
    } catch is TimeLimitReached {
      throw SourceError(
        .timedOut, "\(source.address) did not answer within \(limit.components.seconds) s",
        remedy: "Ask for less, or see whether the server is overloaded.")
    } catch let fault as SeriesReader.Fault {
      throw SourceError(fault.code, "\(source.address) \(fault.what)", remedy: fault.remedy)
    }
  }

  private func settings(for source: MetricsSource, _ credential: SourceCredential) throws -> HTTPClient.Configuration {
    var settings = HTTPClient.Configuration()
    settings.httpVersion = .http1Only
    settings.redirectConfiguration = .disallow
    settings.timeout.connect = TimeAmount(configuration.connectTimeout)
    settings.timeout.read = TimeAmount(configuration.idleTimeout)
    // It is asked again later; what is wrong shall show at once.
    settings.connectionPool.retryConnectionEstablishment = false
    settings.proxy = configuration.proxy.server(scheme: source.address.scheme, to: source.address.host)?.server
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    for file in configuration.caFiles {
      if let certificates = try? NIOSSLCertificate.fromPEMFile(file) {
        tls.additionalTrustRoots.append(.certificates(certificates))
      }
    }
    if let authority = credential.authority {
      guard let certificates = try? NIOSSLCertificate.fromPEMBytes(authority), !certificates.isEmpty else {
        throw SourceError(
          .secret, "ca.crt in \(voice.login) holds no certificate in PEM form",
          remedy: "Put the authority's certificate there.")
      }
      tls.additionalTrustRoots.append(.certificates(certificates))
    }
    settings.tlsConfiguration = tls
    return settings
  }

  private func ask(
    _ source: MetricsSource, _ credential: SourceCredential, _ client: HTTPClient
  ) async throws -> (tally: ImageTally, warning: String?) {
    var url = "\(Self.address(of: source))?query=\(Self.encoded(source.query))"
    for _ in 0...Self.mostRedirects {
      let response: HTTPClientResponse
      do {
        response = try await client.execute(
          Self.request(url, source, credential, configuration.userAgent), timeout: TimeAmount(limit), logger: nil)
      } catch { throw try trouble(error, source) }
      let status = Int(response.status.code)
      if [301, 302, 303, 307, 308].contains(status) {
        url = try target(of: response, from: url, source)
        continue
      }
      if let refusal = refusal(response, source, hasLogin: credential.login != nil) { throw refusal }
      return try await read(response, source)
    }
    throw SourceError(
      .redirected, "\(source.address) redirects in a circle", remedy: "Correct \(voice.url(source.kind)).")
  }

  private static func request(
    _ url: String, _ source: MetricsSource, _ credential: SourceCredential, _ userAgent: String
  ) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: url)
    request.headers = ["Accept": "application/json", "User-Agent": userAgent]
    if let tenant = source.tenant { request.headers.add(name: "X-Scope-OrgID", value: tenant) }
    switch credential.login {
    case .bearer(let token): request.headers.add(name: "Authorization", value: "Bearer \(token)")
    case .basic(let username, let password): request.setBasicAuth(username: username, password: password)
    case nil: break
    }
    return request
  }

  /// Where a redirect leads, if that is the same server: what may be asked is the host that was allowed, and a login is
  /// for it alone.
  private func target(
    of response: HTTPClientResponse, from url: String, _ source: MetricsSource
  ) throws -> String {
    let location = response.headers.first(name: "Location") ?? ""
    guard let base = URL(string: url), let target = URL(string: location, relativeTo: base)?.absoluteURL,
      source.address.staysWith(target)
    else {
      let place = URL(string: location).flatMap { target in
        HostAddress(target).map { "\(target.scheme?.lowercased() ?? source.address.scheme)://\($0)" }
      }
      let leavesTLS = source.address.scheme == "https" && place?.hasPrefix("http:") == true
      throw SourceError(
        .redirected,
        "\(source.address) redirects to \(place ?? "another place"), which is not followed",
        remedy: leavesTLS
          ? "Have the server not lead away from TLS."
          : "Give the address where the API is as \(voice.url(source.kind)).")
    }
    return target.absoluteString
  }

  private func refusal(
    _ response: HTTPClientResponse, _ source: MetricsSource, hasLogin: Bool
  ) -> SourceError? {
    let status = Int(response.status.code)
    switch status {
    // A query that it does not take, or that takes too long, is told in the body.
    case 200, 400, 422, 503: return nil
    case 401, 403:
      return SourceError(
        .unauthorized, "\(source.address) answered \(status)",
        remedy: hasLogin ? "Correct the login in \(voice.login)." : voice.missingLogin)
    case 404:
      return SourceError(
        .badAnswer, "\(source.address) has no \(Self.path(of: source.kind))",
        remedy: "Give the server's address as \(voice.url(source.kind)), without the path of its API.")
    default: return fault(response, source)
    }
  }

  private func fault(_ response: HTTPClientResponse, _ source: MetricsSource) -> SourceError {
    let wait = response.headers.first(name: "Retry-After").flatMap(Int.init).map { Duration.seconds(min($0, 86_400)) }
    return SourceError(
      .fault, "\(source.address) answered \(response.status.code)", remedy: "See the server's own log.",
      retryAfter: wait)
  }

  private func read(
    _ response: HTTPClientResponse, _ source: MetricsSource
  ) async throws -> (tally: ImageTally, warning: String?) {
    var reader = SeriesReader(mostBytes: mostBytes, kind: source.kind, voice: voice)
    do {
      for try await piece in response.body { try reader.feed(piece.readableBytesView) }
      return try reader.finished()
    } catch let fault as SeriesReader.Fault {
      // Something in front of the API answered.
      if response.status == .serviceUnavailable, fault.code != .badQuery { throw self.fault(response, source) }
      guard response.status != .ok, fault.code != .badQuery else { throw fault }
      throw SourceError(
        .badAnswer,
        "\(source.address) answered \(response.status.code) without saying why, as \(source.kind.title) would",
        remedy: "Give the server's own address as \(voice.url(source.kind)).")
    } catch { throw try trouble(error, source, isBody: true) }
  }

  private func trouble(_ error: any Error, _ source: MetricsSource, isBody: Bool = false) throws -> SourceError {
    if Task.isCancelled { throw CancellationError() }
    let place = source.address.text
    let trouble = NetworkTrouble(error, host: place, isBody: isBody)
    let detail = trouble.detail.contains(place) ? trouble.detail : "\(place): \(trouble.detail)"
    let url = voice.url(source.kind)
    return switch trouble.code {
    case .timedOut: SourceError(.timedOut, detail, remedy: Self.unreached)
    case .tls:
      SourceError(
        .tls, detail,
        remedy: trouble.isUntrusted
          ? voice.missingAuthority
          : "Correct scheme, name and port in \(url), or the server's certificate.")
    case .fault: SourceError(.fault, detail, remedy: Self.unreached)
    default: SourceError(.unreachable, detail, remedy: Self.unreached)
    }
  }

  private static let unreached = "Check the address, and whether the server is reached from here."

  /// Percent-encoded but for what is never anything else.
  private static func encoded(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension SourceFinding {
  /// What the images of `tally` are, with those of its pods.
  ///
  /// - Parameter pods: gives the containers of each pod that there is; asked only where series name no image.
  package static func of(
    _ tally: ImageTally, warning: String?, top: Int,
    pods: @Sendable ([ImageTally.Pod]) async throws -> [ImageTally.Pod: [(container: String, image: String)]]
  ) async throws -> SourceFinding {
    var tally = tally
    let wanted = tally.wantedPods
    if !wanted.isEmpty { tally.join(try await pods(wanted)) }
    var finding = tally.finding(top: top)
    if let warning { finding.remarks.append("the server warns: \(warning)") }
    return finding
  }
}
