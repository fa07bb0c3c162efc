import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Sends requests to one API server: credentials, certificates, proxy, time limits.
///
/// HTTP/1.1 with a bounded number of connections: a connection that dies takes one request with it, not all, and
/// async-http-client has no pings that would notice a dead HTTP/2 connection. Watches have connections of their own.
struct APITransport: Sendable {
  struct Response {
    let status: Int
    let headers: HTTPHeaders
    let body: HTTPClientResponse.Body
    let credential: Credential
  }

  private static let connectTimeout = TimeAmount.seconds(10)
  /// Requests that run at once; the others wait their turn, for so long.
  private static let concurrency = 32
  private static let longestWait = Duration.seconds(60)
  /// How long connections that are still being made may hold up the end.
  private static let longestShutdown = Duration.milliseconds(500)

  let address: ServerAddress
  private let configuration: ClusterConfiguration
  private let tls: TLSMaterial
  private let credentials: any ClusterCredentialSource
  private let usesProxy: Bool
  private let headers: HTTPHeaders
  private let options: HTTPClient.Configuration
  private let watchIdleLimit: Duration
  private var calls: HTTPClient
  private var watches: HTTPClient
  private var places: ConcurrencyLimit
  private let serverClock: ServerClock
  private let clock: SystemClock
  private let logger: Logger

  init(
    _ configuration: ClusterConfiguration, watchIdleLimit: Duration, clock: SystemClock, serverClock: ServerClock,
    notice: @escaping @Sendable (String) -> Void, logger: Logger
  ) throws(ConfigurationError) {
    address = try ServerAddress(configuration)
    tls = try TLSMaterial(configuration, clock: clock)
    self.configuration = configuration
    self.clock = clock
    self.serverClock = serverClock
    self.watchIdleLimit = watchIdleLimit
    self.logger = logger
    places = ConcurrencyLimit(Self.concurrency)
    credentials = configuration.authentication.source(clock: clock, notice: notice)
    headers = HTTPHeaders(configuration)
    let proxy = try Proxy.choose(for: address, configuration)
    usesProxy = proxy != nil
    var options = HTTPClient.Configuration()
    options.httpVersion = .http1Only
    options.redirectConfiguration = .disallow
    options.timeout.connect = Self.connectTimeout
    options.proxy = proxy?.server
    // Shorter than any server or load balancer keeps an idle connection, so that we never send into a closing one.
    options.connectionPool.idleTimeout = .seconds(20)
    options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
    options.connectionPool.retryConnectionEstablishment = false
    if let name = configuration.tls.serverName { options.dnsOverride = [name: address.host] }
    self.options = options
    (calls, watches) = Self.clients(options, watchIdleLimit)
  }

  /// The same server and credentials over connections and with places of its own.
  ///
  /// - Parameter concurrency: requests that run at once.
  func separate(concurrency: Int?) -> APITransport {
    var copy = self
    copy.places = ConcurrencyLimit(concurrency ?? Self.concurrency)
    (copy.calls, copy.watches) = Self.clients(options, watchIdleLimit)
    return copy
  }

  private static func clients(
    _ options: HTTPClient.Configuration, _ watchIdleLimit: Duration
  ) -> (calls: HTTPClient, watches: HTTPClient) {
    var patient = options
    patient.timeout.read = TimeAmount(watchIdleLimit)
    return (
      HTTPClient(eventLoopGroupProvider: .singleton, configuration: options),
      HTTPClient(eventLoopGroupProvider: .singleton, configuration: patient)
    )
  }

  func shutdown() async {
    try? await calls.shutdown(waitingAtMost: Self.longestShutdown)
    try? await watches.shutdown(waitingAtMost: Self.longestShutdown)
  }

  /// Sends a request and reads the whole answer, within `limit`.
  func call(
    _ request: APIRequest, within limit: Duration, upTo size: Int
  ) async throws -> (response: Response, body: [UInt8]) {
    let credential = try await credential(for: request)
    do {
      return try await places.run(waitingAtMost: Self.longestWait) {
        do {
          return try await withTimeLimit(limit) {
            let response = try await self.send(request, credential, with: self.calls, within: limit)
            return (response, try await self.collect(response, upTo: size, request))
          }
        } catch is TimeLimitReached {
          throw timedOut(
            request, "\(address.authority) did not answer within \(limit.text)",
            "Check the network and the API server's load; --request-timeout allows more time.")
        }
      }
    } catch is TimeLimitReached {
      throw timedOut(
        request, "all connections to \(address.authority) were in use for \(Self.longestWait.text)",
        "Check the network and the API server's load.")
    }
  }

  private func timedOut(_ request: APIRequest, _ detail: String, _ remedy: String) -> APIError {
    var error = APIError(.timedOut, request, detail: detail, remedy: remedy)
    error.isRetryable = true
    return error
  }

  /// Sends a request whose answer goes on and on, once it has begun within `limit`.
  func stream(_ request: APIRequest, within limit: Duration) async throws -> Response {
    try await send(request, credential(for: request), with: watches, within: limit)
  }

  /// Whether a request that was refused with `credential` is worth another try.
  func renew(after credential: Credential) async -> Bool {
    (try? await credentials.renew(after: credential)) ?? false
  }

  private func send(
    _ request: APIRequest, _ credential: Credential, with client: HTTPClient, within limit: Duration
  ) async throws -> Response {
    let name = configuration.tls.serverName
    var message = HTTPClientRequest(url: address.url(request.target, name: address.isTLS ? name : nil))
    message.method = HTTPMethod(rawValue: request.verb.method)
    message.headers = headers
    message.headers.add(name: "Host", value: address.authority)
    if let accept = request.accept { message.headers.replaceOrAdd(name: "Accept", value: accept) }
    if let body = request.body {
      message.headers.add(name: "Content-Type", value: request.contentType)
      message.body = .bytes(ByteBuffer(bytes: body))
    }
    if let authorization = credential.authorization {
      message.headers.add(name: "Authorization", value: authorization)
    }
    do {
      if address.isTLS { message.tlsConfiguration = try tls.current(credential) }
      let response = try await client.execute(message, timeout: TimeAmount(limit), logger: nil)
      serverClock.note(response.headers.first(name: "Date"), at: clock.now())
      logger.debug(
        "API server answered",
        metadata: [
          "method": "\(request.verb.method)", "path": "\(request.path)", "status": "\(response.status.code)",
        ])
      return Response(
        status: Int(response.status.code), headers: response.headers, body: response.body, credential: credential)
    } catch let error as ConfigurationError {
      throw APIError(.credentials, request, detail: error.detail, remedy: error.remedy)
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw await explain(error, request)
    }
  }

  /// As client-go has it, credentials are for servers that prove who they are; the loopback host needs not.
  private func credential(for request: APIRequest) async throws -> Credential {
    guard address.isTLS || address.isLoopback else { return Credential() }
    do {
      return try await credentials.current()
    } catch let problem as APIProblem {
      throw APIError(problem.code, request, detail: problem.detail, remedy: problem.remedy)
    }
  }

  private func explain(_ error: any Error, _ request: APIRequest) async -> APIError {
    var explained = APIError(error, host: address.authority, request: request)
    if !address.isTLS, [.malformed, .interrupted].contains(explained.code) {
      explained.remedy += " If the server speaks HTTPS, write https:// in its address."
    }
    if !usesProxy, APIError.isUntrusted(error), let tls = try? tls.current() {
      let name = configuration.tls.serverName
      if let reason = await CertificateProbe.explanation(
        of: HostAddress(host: address.host, port: address.port), tls, name: name, limit: .seconds(5), now: clock.date())
      {
        explained.detail = reason
        explained.remedy = "Renew the API server's certificate."
      }
    }
    return explained
  }

  private func collect(_ response: Response, upTo limit: Int, _ request: APIRequest) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      for try await buffer in response.body {
        guard bytes.count + buffer.readableBytes <= limit else {
          throw APIError(
            .malformed, request, detail: "the answer is longer than \(limit >> 20) MiB", remedy: "Ask for less at once."
          )
        }
        bytes.append(contentsOf: buffer.readableBytesView)
      }
    } catch let error as APIError {
      throw error
    } catch {
      if Task.isCancelled { throw CancellationError() }
      var cut = APIError(error, host: address.authority, request: request)
      if cut.code == .malformed || cut.code == .interrupted {
        cut = APIError(
          .interrupted, request, detail: "\(address.authority) closed the connection before the whole answer had come",
          remedy: "Try again; is the API server being restarted?")
        cut.isRetryable = true
      }
      throw cut
    }
    // Cancellation may end the body as if it were whole.
    try Task.checkCancellation()
    return bytes
  }
}

extension HTTPHeaders {
  /// What every request says.
  fileprivate init(_ configuration: ClusterConfiguration) {
    self.init([("User-Agent", configuration.userAgent), ("Accept", "application/json")])
    guard let other = configuration.impersonation else { return }
    add(name: "Impersonate-User", value: other.user)
    if let uid = other.uid { add(name: "Impersonate-Uid", value: uid) }
    for group in other.groups { add(name: "Impersonate-Group", value: group) }
    for (key, values) in other.extra.sorted(by: { $0.key < $1.key }) {
      for value in values { add(name: "Impersonate-Extra-\(APIRequest.encode(key))", value: value) }
    }
  }
}

extension ClusterConfiguration.Authentication {
  fileprivate func source(
    clock: SystemClock, notice: @escaping @Sendable (String) -> Void
  ) -> any ClusterCredentialSource {
    switch self {
    case .none: return FixedCredential(credential: Credential())
    case .token(let token): return FixedCredential(credential: Credential(token: token))
    case .tokenFile(let path, let token): return TokenFile(path: path, fallback: token, clock: clock)
    case .basic(let username, let password):
      let login = Data("\(username):\(password)".utf8).base64EncodedString()
      return FixedCredential(credential: Credential(authorization: "Basic \(login)"))
    case .exec(let plugin): return ExecCredentialSource(ExecCredential(plugin: plugin, notice: notice), clock: clock)
    }
  }
}

extension Duration {
  var text: String { components.seconds > 0 ? "\(components.seconds) s" : "\(self)" }
}
