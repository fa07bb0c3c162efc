import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Networking
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Sends requests over HTTP: picks the proxy, checks certificates, follows redirects, times out.
///
/// HTTP/1.1 only: a blob is one long stream, and one connection each is faster than streams in one connection.
final class RegistryTransport: Sendable {
  struct Request {
    var method = HTTPMethod.GET
    var url: URL
    var headers = HTTPHeaders()
    /// Sent to the origin of `url` only, wherever redirects lead.
    var authorization: String?
    var body: ByteBuffer?
    /// Holds for the origin of `url` only, as `authorization` does.
    var access = HostAccess()
  }

  struct Response {
    let status: Int
    let headers: HTTPHeaders
    /// Host that answered, after redirects.
    let host: String
    /// What answered, after redirects.
    let url: URL
    /// Whether redirects led to another origin than the one that was asked.
    fileprivate(set) var isElsewhere = false
    fileprivate(set) var body: HTTPClientResponse.Body
  }

  /// What an HTTP client of its own is needed for.
  private struct Setting: Hashable {
    var proxy: ProxyAddress?
    var verifies: Bool
    var access: HostAccess
  }

  private struct State {
    var clients: [Setting: HTTPClient] = [:]
    var isShutDown = false
  }

  private static let maximumRedirects = 10

  private let configuration: RegistryConfiguration
  private let logger: Logger
  private let state = Mutex(State())

  init(configuration: RegistryConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  func shutdown() async throws {
    let clients = state.withLock { state in
      state.isShutDown = true
      defer { state.clients = [:] }
      return state.clients.values
    }
    // All of them, whatever becomes of one.
    var failure: (any Error)?
    for client in clients {
      do { try await client.shutdown(waitingAtMost: .milliseconds(500)) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }

  /// Sends a request and returns the answer that ends the redirects, whatever its status.
  ///
  /// - Parameter limit: how long the head of one answer may take; by default connect and idle time-out together.
  func send(_ request: Request, within limit: Duration? = nil, followsRedirects: Bool = true) async throws -> Response {
    var current = request
    for _ in 0...Self.maximumRedirects {
      var response = try await sendOnce(current, within: limit)
      response.isElsewhere = current.url.origin != request.url.origin
      guard followsRedirects, request.method == .GET || request.method == .HEAD,
        [301, 302, 303, 307, 308].contains(response.status)
      else { return response }
      await response.discard()
      guard let location = response.headers.first(name: "Location"),
        let target = URL(string: location, relativeTo: current.url)?.absoluteURL
      else { throw RegistryProblem(.fault, "\(response.host) redirects to nowhere", status: response.status) }
      current.url = target
      let isOrigin = target.origin == request.url.origin
      current.authorization = isOrigin ? request.authorization : nil
      current.access = isOrigin ? request.access : HostAccess()
    }
    throw RegistryProblem(
      .fault, "\(request.url.authority) redirects in a circle, or more than \(Self.maximumRedirects) times")
  }

  private func sendOnce(_ request: Request, within limit: Duration?) async throws -> Response {
    let url = request.url
    guard let scheme = url.scheme?.lowercased(), scheme == "https" || scheme == "http", let address = HostAddress(url)
    else { throw RegistryProblem(.fault, "'\(url.scheme ?? "")' is no address on the web") }
    guard scheme == "https" || configuration.allowsPlainHTTP(address) else {
      throw RegistryProblem(.insecure, "plain HTTP to \(url.authority) is not allowed")
    }
    let proxy = configuration.proxy.server(scheme: scheme, to: address)
    let verifies = !configuration.skipsVerification(address) && !request.access.skipsVerification
    let setting = Setting(proxy: proxy, verifies: verifies, access: request.access.connection)
    let client = try client(for: setting)
    var message = HTTPClientRequest(url: url.absoluteString)
    message.method = request.method
    message.headers = request.headers
    for header in request.access.headers { message.headers.add(name: header.name, value: header.value) }
    message.headers.replaceOrAdd(name: "User-Agent", value: configuration.userAgent)
    // Without it a server may compress what its digest is of the plain content.
    message.headers.replaceOrAdd(name: "Accept-Encoding", value: "identity")
    if let authorization = request.authorization {
      message.headers.replaceOrAdd(name: "Authorization", value: authorization)
    }
    message.body = request.body.map { .bytes($0) }
    let limit = limit ?? configuration.connectTimeout + configuration.idleTimeout
    do {
      let response = try await client.execute(message, timeout: TimeAmount(limit), logger: nil)
      logger.debug(
        "registry answered",
        metadata: [
          "method": "\(request.method)", "host": "\(url.authority)", "path": "\(url.path())",
          "status": "\(response.status.code)",
        ])
      return Response(
        status: Int(response.status.code), headers: response.headers, host: url.authority, url: url,
        body: response.body)
    } catch {
      if Task.isCancelled { throw CancellationError() }
      var problem = RegistryProblem(error, host: proxy.map { "\($0), the proxy to \(url.authority)," } ?? url.authority)
      if proxy == nil, (error as? NIOSSLError)?.isUntrustedCertificate ?? false {
        let (tls, limit) = (
          try TLSConfiguration.client(configuration, access: setting.access), TimeAmount(configuration.connectTimeout)
        )
        problem.detail =
          await CertificateProbe.explanation(of: address, tls, limit: limit, now: configuration.clock.date())
          ?? problem.detail
      }
      throw problem
    }
  }

  private func client(for setting: Setting) throws -> HTTPClient {
    try state.withLock { state in
      guard !state.isShutDown else { throw CancellationError() }
      if let client = state.clients[setting] { return client }
      var options = HTTPClient.Configuration()
      options.httpVersion = .http1Only
      options.redirectConfiguration = .disallow
      options.timeout.connect = TimeAmount(configuration.connectTimeout)
      options.timeout.read = TimeAmount(configuration.idleTimeout)
      // Callers bound how much runs at once; a request must not fail for want of a place in the pool.
      options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
      options.connectionPool.retryConnectionEstablishment = false
      options.tlsConfiguration = try TLSConfiguration.client(
        configuration, verifies: setting.verifies, access: setting.access)
      options.proxy = setting.proxy?.server
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
      state.clients[setting] = client
      return client
    }
  }
}

extension RegistryConfiguration {
  /// Reads the files of authorities, so that a wrong one is found before any registry is asked.
  package func checkAuthorities() throws(RegistryError) {
    do {
      _ = try TLSConfiguration.client(self)
    } catch {
      throw RegistryError(error, operation: "read", subject: "the CA certificates")
    }
  }
}

extension TLSConfiguration {
  /// What is trusted when talking to registries.
  ///
  /// - Parameter access: of the host that is talked to.
  static func client(
    _ configuration: RegistryConfiguration, verifies: Bool = true, access: HostAccess = HostAccess()
  ) throws(RegistryProblem) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if !verifies { tls.certificateVerification = .none }
    for file in configuration.caFiles + access.caFiles {
      guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
        throw RegistryProblem(
          .tls, "\(file) holds no certificates in PEM form, or cannot be read",
          remedy: "Name a file of CA certificates.")
      }
      tls.additionalTrustRoots.append(.certificates(certificates))
    }
    // A host asks for one certificate; of several the first that can be read is shown.
    for pair in access.clientCertificates {
      guard let chain = try? NIOSSLCertificate.fromPEMFile(pair.certificate), !chain.isEmpty,
        let key = try? NIOSSLPrivateKey(file: pair.key, format: .pem)
      else {
        throw RegistryProblem(
          .tls, "\(pair.certificate) and \(pair.key) are no certificate and key in PEM form, or cannot be read",
          remedy: "See the files that the node's hosts.toml names.")
      }
      tls.certificateChain = chain.map { .certificate($0) }
      tls.privateKey = .privateKey(key)
      break
    }
    return tls
  }
}

extension URL {
  /// Host and port as they are shown to people.
  var authority: String { HostAddress(self)?.description ?? "the registry" }

  /// Scheme, host and port: what `Authorization` is bound to.
  fileprivate var origin: [String] {
    let scheme = self.scheme?.lowercased() ?? ""
    return [scheme, HostAddress(self)?.host ?? "", String(port ?? (scheme == "https" ? 443 : 80))]
  }
}
