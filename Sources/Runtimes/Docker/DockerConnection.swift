import Networking
import AsyncHTTPClient
import Documents
import ImageModel
import NIOCore
import NIOHTTP1
import Registry
import Synchronization

/// HTTP to a Docker Engine's unix socket: every call has a limit, and fails with a `RuntimeError`.
final class DockerConnection: Sendable {
  /// What the engine said of itself, and the version that was agreed on.
  struct Engine: Sendable {
    let answer: DockerEngineVersion
    let version: DockerVersion

    var platform: Platform { Platform(os: answer.os, architecture: answer.arch).normalized }
  }

  let endpoint: RuntimeEndpoint
  let limits: RuntimeLimits
  private let calls: HTTPClient
  private let pulls: HTTPClient
  private let engine = Mutex<Engine?>(nil)

  /// Runs `body` with connections that are opened at need and closed at the end.
  static func with<Result: Sendable>(
    _ endpoint: RuntimeEndpoint, limits: RuntimeLimits, _ body: (DockerConnection) async throws -> Result
  ) async throws -> Result {
    let connection = DockerConnection(endpoint, limits: limits)
    do {
      let result = try await body(connection)
      await connection.shutdown()
      return result
    } catch {
      await connection.shutdown()
      throw error
    }
  }

  private init(_ endpoint: RuntimeEndpoint, limits: RuntimeLimits) {
    self.endpoint = endpoint
    self.limits = limits
    // The limit on silence belongs to a client: questions and pulls need two.
    calls = Self.client(silence: limits.call)
    pulls = Self.client(silence: limits.stall)
  }

  private static func client(silence: Duration) -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    configuration.timeout = .init(connect: .seconds(5), read: TimeAmount(silence))
    configuration.redirectConfiguration = .disallow
    configuration.decompression = .disabled
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }

  /// Closes both clients, whatever becomes of one; what was done is not undone by a connection that ends badly.
  private func shutdown() async {
    try? await calls.shutdown()
    try? await pulls.shutdown()
  }

  /// Asks once what the engine is, and keeps the answer.
  func knownEngine() async throws -> Engine {
    if let known = engine.withLock({ $0 }) { return known }
    return try await askEngine()
  }

  func askEngine() async throws -> Engine {
    let operation = DockerOperation("ask what runs")
    let answer: DockerEngineVersion = try await send(DockerRequest(.GET, "/version"), operation, version: nil)
    guard
      let version = DockerVersion(answer.apiVersion).flatMap({
        DockerVersion.agreed(serverMinimum: answer.minAPIVersion.flatMap(DockerVersion.init), server: $0)
      })
    else {
      throw error(
        .unsupported, operation, "the engine speaks API \(answer.minAPIVersion ?? "?") to \(answer.apiVersion)",
        "Use a Docker Engine whose API is between \(DockerVersion.oldest) and \(DockerVersion.newest).")
    }
    let known = Engine(answer: answer, version: version)
    engine.withLock { $0 = known }
    return known
  }

  /// Makes one call and decodes its answer.
  func call<Answer: DockerAnswer>(_ request: DockerRequest, _ operation: DockerOperation) async throws -> Answer {
    try await send(request, operation, version: try await knownEngine().version)
  }

  private func send<Answer: DockerAnswer>(
    _ request: DockerRequest, _ operation: DockerOperation, version: DockerVersion?
  ) async throws -> Answer {
    try await translated(operation) {
      let client = request.limit == nil ? self.calls : self.pulls
      let response = try await client.execute(
        self.message(request, version), timeout: TimeAmount(request.limit ?? self.limits.call))
      try await self.check(response)
      let body = try await response.body.collect(upTo: 64 << 20)
      let bytes = body.readableBytesView.allSatisfy { $0 <= 0x20 } ? Array("null".utf8) : Array(body.readableBytesView)
      guard let answer = Answer(try JSON(parsing: bytes)) else {
        throw JSONError(problem: "expected another answer", offset: 0)
      }
      return answer
    }
  }

  /// Makes a call whose answer is a stream of lines, and hands each to `receive`.
  func stream(
    _ request: DockerRequest, _ operation: DockerOperation, _ receive: (ByteBuffer) throws -> Void
  ) async throws {
    let version = try await knownEngine().version
    let deadline = ContinuousClock.now + limits.pull
    try await translated(operation) {
      let response = try await self.pulls.execute(
        self.message(request, version), timeout: TimeAmount(self.limits.stall))
      try await self.check(response)
      var lines = LineSplitter(limit: 1 << 20)
      for try await chunk in response.body {
        lines.append(chunk)
        while let line = try lines.next() {
          if line.readableBytes > 0 { try receive(line) }
        }
        if ContinuousClock.now > deadline { throw HTTPClientError.deadlineExceeded }
      }
      guard let rest = lines.rest else { return }
      do {
        try receive(rest)
      } catch is JSONError {
        throw self.error(.died, operation, "the engine closed the connection amid a line")
      }
    }
  }

  private func message(_ request: DockerRequest, _ version: DockerVersion?) -> HTTPClientRequest {
    let prefix = version.map { "/v\($0)" } ?? ""
    var message = HTTPClientRequest(url: "http+unix://\(endpoint.path.percentEncoded)\(prefix)\(request.target)")
    message.method = request.method
    message.headers = request.headers
    // The client sends none for a unix socket, and Go's servers refuse that.
    message.headers.replaceOrAdd(name: "Host", value: "localhost")
    return message
  }

  private func check(_ response: HTTPClientResponse) async throws {
    guard !(200..<300).contains(response.status.code) else { return }
    let body = try await response.body.collect(upTo: 1 << 20)
    let failure = (try? JSON(parsing: body.readableBytesView))?["message"]?.string
    let text = failure ?? String(String(buffer: body).prefix(300))
    throw DockerRefusal(status: response.status.code, message: text.isEmpty ? "status \(response.status.code)" : text)
  }

  /// Runs a call; what goes wrong becomes a `RuntimeError`. A refusal by status is left to those who know its meaning.
  private func translated<Result>(_ operation: DockerOperation, _ body: () async throws -> Result) async throws
    -> Result
  {
    if let fault = UnixSocket(path: endpoint.path).fault() {
      throw RuntimeError(
        socket: fault, of: endpoint, operation: operation.verb, subject: operation.subject(at: endpoint))
    }
    do {
      return try await body()
    } catch let error as RuntimeError {
      throw error
    } catch let refusal as DockerRefusal {
      if refusal.isMissingImage && operation.toleratesMissing { throw refusal }
      throw RuntimeError(
        message: refusal.message, endpoint: endpoint, operation: operation.verb,
        subject: operation.subject(at: endpoint), about: operation.reference)
    } catch let error as HTTPClientError
      where [.readTimeout, .deadlineExceeded, .connectTimeout].contains(error) && !Task.isCancelled
    {
      throw self.error(
        .timedOut, operation,
        operation.isPull ? "the engine sent nothing for \(limits.stall)" : "the engine did not answer in time",
        operation.isPull
          ? RuntimeError.remedy(for: .registry(.timedOut)) : nil)
    } catch let error where error is JSONError || error is LineTooLong {
      throw self.error(
        .unsupported, operation, "the answer is not the Docker Engine's: \(error)")
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      // Somebody listened a moment ago.
      throw self.error(
        .died, operation, "the engine closed the connection (\(ForeignText.clean("\(error)", limit: 200)))")
    }
  }

  func error(
    _ code: RuntimeError.Code, _ operation: DockerOperation, _ detail: String,
    _ remedy: String? = nil
  ) -> RuntimeError {
    RuntimeError(
      code, endpoint: endpoint, operation: operation.verb, subject: operation.subject(at: endpoint), detail: detail,
      remedy: remedy ?? RuntimeError.remedy(for: code))
  }
}
