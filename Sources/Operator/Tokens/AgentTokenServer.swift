import Documents
import HTTPTypes
import Hummingbird
import Kubernetes
import Logging
import NIOCore
import Networking
import Registry
import Serving
import Synchronization

/// Gives agents credentials over HTTPS: `POST /v1/credential {"image": "…"}`, with the agent's bearer token.
///
/// Every replica serves it; nobody has to lead for that.
struct AgentTokenServer: Sendable {
  /// Where it listens.
  struct Address: Sendable {
    let host: String
    let port: Int
  }

  private static let largestBody = 8_192
  private static let timeLimit = Duration.seconds(60)
  private static let mostAtOnce = 200

  let address: Address
  let desk: TokenDesk
  let certificate: ReplicaCertificate
  let publisher: CertificatePublisher
  let logger: Logger

  /// - Parameter namespace: of the agents.
  init(
    _ client: KubernetesClient, agents namespace: String, options: ControllerOptions, registry: RegistryConfiguration,
    clock: SystemClock = .system, logger: Logger
  ) throws {
    let (host, port) = try StatusServer.parse(options.tokenAddress)
    address = Address(host: host, port: port)
    self.logger = logger
    desk = TokenDesk(client: client, namespace: namespace, registry: registry, clock: clock, logger: logger)
    certificate = try ReplicaCertificate(names: Self.names(in: options.namespace), now: clock.date())
    publisher = CertificatePublisher(
      client: client, namespace: namespace, identity: options.identity, pem: certificate.pem, clock: clock,
      logger: logger)
  }

  /// What agents call the service.
  static func names(in namespace: String) -> [String] {
    ["prepull-controller.\(namespace).svc", "prepull-controller.\(namespace).svc.cluster.local"]
  }

  /// Serves until the task is cancelled.
  ///
  /// - Parameter onStart: gets the port.
  /// - Throws: `StatusServer.AddressError` where the address cannot be listened on.
  func run(onStart: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let running = Running()
    let server = HTTPServer(
      host: address.host, port: address.port, tls: certificate.tls, serverName: "prepull", idleTimeout: .seconds(90),
      logger: quiet,
      responder: CallbackResponder<BasicRequestContext> { [desk, logger] request, _ in
        guard running.begin() else {
          return Self.response(TokenRefusal(503, "Busy", "too many agents ask at once", retryAfter: 5))
        }
        defer { running.end() }
        return await Self.answer(request, desk, logger)
      }, onStart: onStart)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [publisher] in try await publisher.run() }
      group.addTask { [address] in
        do {
          try await server.run()
        } catch let error as IOError {
          throw StatusServer.AddressError(
            error, serving: "credentials to agents", host: address.host, port: address.port, option: "--token-address")
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Requests that are being answered.
  private final class Running: Sendable {
    private let count = Mutex(0)

    func begin() -> Bool {
      count.withLock { count in
        guard count < AgentTokenServer.mostAtOnce else { return false }
        count += 1
        return true
      }
    }

    func end() { count.withLock { $0 -= 1 } }
  }

  private static func answer(_ request: Request, _ desk: TokenDesk, _ logger: Logger) async -> Response {
    do {
      let (image, token) = try await read(request)
      let json = try await withTimeLimit(timeLimit) { try await desk.credential(for: image, to: token) }
      return response(200, json)
    } catch let refusal as TokenRefusal {
      logger.debug(
        "no credential for an agent", metadata: ["reason": "\(refusal.reason)", "why": "\(refusal.message)"])
      return response(refusal)
    } catch is TimeLimitReached {
      return response(
        TokenRefusal(504, "Timeout", "the registry or the API server did not answer in time", retryAfter: 10))
    } catch is CancellationError {
      return response(TokenRefusal(503, "ShuttingDown", "this replica ends", retryAfter: 1))
    } catch {
      // Its text may be of anybody.
      logger.warning("a credential for an agent failed", metadata: ["error": "\(type(of: error))"])
      return response(TokenRefusal(500, "Internal", "it failed; the controller's log says more", retryAfter: 30))
    }
  }

  private static func read(_ request: Request) async throws -> (image: String, token: String) {
    guard request.uri.path == "/v1/credential" else {
      throw TokenRefusal(404, "NotFound", "here is POST /v1/credential only")
    }
    guard request.method == .post else { throw TokenRefusal(405, "MethodNotAllowed", "use POST") }
    let parts = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].isEmpty else {
      throw TokenRefusal(401, "Unauthorized", "a bearer token is needed")
    }
    let body: ByteBuffer
    do {
      body = try await withTimeLimit(.seconds(10)) { try await request.body.collect(upTo: largestBody) }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw TokenRefusal(413, "BadRequest", "the request has more than \(largestBody) bytes, or does not end")
    }
    guard let json = try? JSON(parsing: Array(body.readableBytesView)), let image = json["image"]?.string,
      !image.isEmpty, image.utf8.count <= 1024
    else { throw TokenRefusal(400, "BadRequest", "the request is not {\"image\": \"…\"}") }
    return (image, String(parts[1]))
  }

  private static func response(_ refusal: TokenRefusal) -> Response {
    var answer = response(
      refusal.status, ["reason": .string(refusal.reason), "message": .string(refusal.message)])
    if let seconds = refusal.retryAfter { answer.headers[.retryAfter] = "\(seconds)" }
    return answer
  }

  private static func response(_ status: Int, _ json: JSON) -> Response {
    let body = ByteBuffer(bytes: json.bytes())
    return Response(
      status: .init(code: status),
      headers: [
        .contentType: "application/json", .contentLength: "\(body.readableBytes)", .cacheControl: "no-store",
      ], body: .init(byteBuffer: body))
  }
}
