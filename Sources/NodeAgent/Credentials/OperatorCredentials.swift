import AsyncHTTPClient
import Documents
package import ImageModel
package import Kubernetes
package import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
package import Networking
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Asks the operator for a login, showing who this agent is.
///
/// Invariant: `known` holds tokens that have more than a minute to live.
package actor OperatorCredentials: ImageCredentials {
  /// Where the operator is, and how it is known.
  package struct Place: Sendable {
    /// `https://prepull-controller.prepull-system.svc:8443`.
    package var url: String
    /// Of the bound token; read at each question, as the kubelet replaces it.
    package var tokenFile = "/var/run/secrets/prepull/token"
    /// Of the ConfigMap of certificates.
    package var namespace: String
    /// Gives what is in the token's file; nil where nothing is.
    package var readToken: @Sendable (_ path: String) -> String? = { path in
      HostFiles().bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
    }
    /// Gives the address in place of the one that a name has; nil to look it up.
    package var address: @Sendable (_ host: String) -> String? = { _ in nil }

    package init(url: String, namespace: String) {
      (self.url, self.namespace) = (url, namespace)
    }
  }

  private struct Known {
    let login: RegistryCredential
    let expires: Date
  }

  /// Of the ConfigMap: as the operator publishes it.
  private static let certificates = "prepull-agent-ca"
  private static let reserve = 60.0
  private static let largestAnswer = 1 << 16
  private static let limit = Duration.seconds(70)

  private let place: Place
  private let client: KubernetesClient
  private let clock: SystemClock
  private let logger: Logger
  private var known: [Reference: Known] = [:]
  private var authorities: [NIOSSLCertificate]?

  package init(_ place: Place, client: KubernetesClient, clock: SystemClock = .system, logger: Logger) {
    self.place = place
    self.client = client
    self.clock = clock
    self.logger = logger
  }

  package func sources(for reference: Reference) -> [LoginSource] {
    [LoginSource(name: "the operator") { [self] in try await login(for: reference).map { [$0] } ?? [] }]
  }

  private func login(for reference: Reference) async throws -> RegistryCredential? {
    let now = clock.date()
    known = known.filter { $0.value.expires > now }
    if let known = known[reference] { return known.login }
    let (status, body) = try await ask(reference)
    let answer = try OperatorAnswer(
      status: status, body: body, registry: reference.registry, repository: reference.repository)
    // The clock of the operator may be another one; then the token is asked for anew, or refused and asked for again.
    if let login = answer.login, let expires = answer.expires?.addingTimeInterval(-Self.reserve), expires > now {
      known[reference] = Known(login: login, expires: expires)
    }
    return answer.login
  }

  /// Asks, and again with the certificates as they are now where the connection fails: a replica may be new.
  private func ask(_ reference: Reference) async throws -> (status: Int, body: [UInt8]) {
    if let authorities {
      do {
        return try await send(reference, authorities)
      } catch is ConnectionFault {}
    }
    let fresh = try await readAuthorities()
    authorities = fresh
    do {
      return try await send(reference, fresh)
    } catch let fault as ConnectionFault {
      throw LoginFault(
        reason: "OperatorUnavailable",
        message: "the operator cannot be asked for a credential at \(place.url): \(fault.detail); it is tried again")
    }
  }

  private struct ConnectionFault: Error {
    let detail: String
  }

  private func readAuthorities() async throws -> [NIOSSLCertificate] {
    let data: StringMap?
    do {
      data = try await client.get(ConfigMap.self, Self.certificates, in: place.namespace).data
    } catch let error as APIError {
      throw LoginFault(
        reason: "OperatorUnavailable",
        message:
          "the operator's certificates cannot be read (configmap \(place.namespace)/\(Self.certificates)): \(error)")
    }
    var found: [NIOSSLCertificate] = []
    for name in data?.entries.keys.sorted() ?? [] {
      // One that cannot be read spoils no other; the rest are times.
      found += (data?[name]).flatMap { try? NIOSSLCertificate.fromPEMBytes(Array($0.utf8)) } ?? []
    }
    guard !found.isEmpty else {
      throw LoginFault(
        reason: "OperatorUnavailable",
        message: "the operator has published no certificate yet (configmap \(place.namespace)/\(Self.certificates))")
    }
    return found
  }

  private func token() throws(LoginFault) -> String {
    guard let token = place.readToken(place.tokenFile)?.split(whereSeparator: \.isWhitespace).first else {
      throw LoginFault(
        reason: "OperatorUnavailable",
        message: "the agent's token \(place.tokenFile) cannot be read; the operator is not asked without it")
    }
    return String(token)
  }

  private func send(
    _ reference: Reference, _ authorities: [NIOSSLCertificate]
  ) async throws -> (status: Int, body: [UInt8]) {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(authorities)
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(5), read: .seconds(65)))
    if let host = URL(string: place.url)?.host, let address = place.address(host) {
      configuration.dnsOverride = [host: address]
    }
    configuration.httpVersion = .http1Only
    var request = HTTPClientRequest(url: place.url + "/v1/credential")
    request.method = .POST
    request.headers.add(name: "Authorization", value: "Bearer \(try token())")
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(bytes: JSON.object(["image": .string(reference.description)]).bytes()))
    let (message, settings) = (request, configuration)
    do {
      return try await withTimeLimit(Self.limit) {
        // One connection for a question: there is one for an image, at times.
        try await HTTPClient.withHTTPClient(configuration: settings) { http in
          let answer = try await http.execute(message, timeout: .seconds(65))
          let body = try await answer.body.collect(upTo: Self.largestAnswer)
          return (Int(answer.status.code), Array(body.readableBytesView))
        }
      }
    } catch is TimeLimitReached {
      throw ConnectionFault(detail: "it did not answer in time")
    } catch {
      if Task.isCancelled { throw CancellationError() }
      logger.debug("the operator cannot be asked", metadata: ["error": "\(ForeignText.clean("\(error)", limit: 300))"])
      throw ConnectionFault(detail: ForeignText.clean("\(error)", limit: 200))
    }
  }
}
