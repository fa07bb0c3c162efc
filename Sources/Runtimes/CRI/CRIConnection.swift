import GRPCCore
import GRPCNIOTransportHTTP2Posix
import ImageModel
import Networking

/// gRPC with a CRI runtime's socket: every call has a limit, and fails with a `RuntimeError`.
struct CRIConnection: Sendable {
  typealias Transport = HTTP2ClientTransport.Posix

  let endpoint: RuntimeEndpoint
  let limits: RuntimeLimits
  let clients: CRIClients

  /// Each use of it is one call.
  var client: GRPCClient<Transport> { clients.next() }

  var runtime: Runtime_V1_RuntimeService.Client<Transport> { .init(wrapping: client) }
  var images: Runtime_V1_ImageService.Client<Transport> { .init(wrapping: client) }

  /// Runs `body` with a connection that is opened at the first call and closed at the end.
  static func with<Result: Sendable>(
    _ endpoint: RuntimeEndpoint, limits: RuntimeLimits, _ body: (CRIConnection) async throws -> Result
  ) async throws -> Result {
    let clients = try CRIClients {
      GRPCClient(
        transport: try Transport(
          target: .unixDomainSocket(path: endpoint.path, authority: "localhost"), transportSecurity: .plaintext,
          config: .defaults {
            // With the defaults a runtime that restarts would be unknown for up to two minutes.
            $0.backoff = .init(initial: .milliseconds(200), max: .seconds(5), multiplier: 1.6, jitter: 0.2)
          }))
    }
    do {
      let result = try await body(CRIConnection(endpoint: endpoint, limits: limits, clients: clients))
      await clients.close()
      return result
    } catch {
      await clients.close()
      throw error
    }
  }

  /// Makes one call.
  ///
  /// - Parameters:
  ///   - limit: for the whole call; `limits.call` by default.
  ///   - isRepeatable: whether a call that found the connection broken is made once more on a new one. All calls are
  ///     idempotent, so this heals the restart of a runtime; but a pull that breaks off is for the caller to judge.
  func call<Answer: Sendable>(
    _ operation: CRIOperation, limit: Duration? = nil, isRepeatable: Bool = true,
    _ body: (CallOptions) async throws -> Answer
  ) async throws -> Answer {
    let limit = limit ?? limits.call
    if let fault = UnixSocket(path: endpoint.path).fault() {
      throw RuntimeError(
        socket: fault, of: endpoint, operation: operation.verb, subject: operation.subject(at: endpoint))
    }
    let start = ContinuousClock.now
    do {
      do {
        return try await body(Self.options(limit))
      } catch let error as RPCError where error.code == .unavailable && isRepeatable && !Task.isCancelled {
        return try await onceMore(operation, body)
      }
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      // Of what this program does itself meanwhile.
      if error is FastFault || error is FastObstacle { throw error }
      throw self.error(error, operation, limit: limit, isLate: ContinuousClock.now - start >= limit * 0.9)
    }
  }

  private func onceMore<Answer: Sendable>(
    _ operation: CRIOperation, _ body: (CallOptions) async throws -> Answer
  ) async throws -> Answer {
    do {
      // Longer than the longest wait between two attempts to connect.
      return try await body(Self.options(.seconds(7), waitsForConnection: true))
    } catch let error as RPCError where error.code == .deadlineExceeded && !Task.isCancelled {
      throw made(
        .unreachable, operation, "\(endpoint.path) takes connections and does not answer as a Kubernetes runtime",
        "Name the right runtime with --runtime, or see the runtime's log.")
    }
  }

  private static func options(_ limit: Duration, waitsForConnection: Bool = false) -> CallOptions {
    var options = CallOptions.defaults
    options.timeout = limit
    options.waitForReady = waitsForConnection
    // The transport reads the limit of answers from that of requests; both are set so that it holds either way.
    options.maxRequestMessageBytes = 64 << 20
    options.maxResponseMessageBytes = 64 << 20
    return options
  }

  private func error(_ error: any Error, _ operation: CRIOperation, limit: Duration, isLate: Bool) -> RuntimeError {
    if let error = error as? RuntimeError { return error }
    if error is TimeLimitReached { return made(.timedOut, operation, "no answer within \(limits.call)") }
    guard let error = error as? RPCError else {
      return made(
        .fault, operation, "the connection failed: \(error)")
    }
    switch error.code {
    case .deadlineExceeded where isLate:
      return made(
        .timedOut, operation, "no answer within \(limit)")
    case .unimplemented:
      return made(
        .unsupported, operation, "\(endpoint.path) does not offer the Kubernetes runtime interface (CRI v1)",
        "Take \"cri\" out of disabled_plugins in containerd's config.toml and restart it, "
          + "or name the right runtime with --runtime.")
    case .unavailable where RuntimeMessage(error.message, about: operation.reference).cause == nil:
      // Somebody listened a moment ago.
      return made(
        .died, operation, "the runtime closed the connection (\(error.message))")
    default:
      return RuntimeError(
        message: error.message, endpoint: endpoint, operation: operation.verb,
        subject: operation.subject(at: endpoint), about: operation.reference)
    }
  }

  private func made(
    _ code: RuntimeError.Code, _ operation: CRIOperation, _ detail: String,
    _ remedy: String? = nil
  ) -> RuntimeError {
    RuntimeError(
      code, endpoint: endpoint, operation: operation.verb, subject: operation.subject(at: endpoint), detail: detail,
      remedy: remedy ?? RuntimeError.remedy(for: code))
  }
}
