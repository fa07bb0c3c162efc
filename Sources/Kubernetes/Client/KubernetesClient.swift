import Documents
package import Logging
import NIOHTTP1
package import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Talks to the API server of one cluster. All errors are `APIError` or `CancellationError`.
///
/// What is safe is tried again: requests that never reached the server, those it turned away with `Retry-After`, and
/// reads and applies that broke off. A refused credential is renewed once. A client must be shut down.
package final class KubernetesClient: Sendable {
  /// Whatever this machine and API servers allow for one answer.
  static let largestAnswer = 64 << 20
  /// The longest `Retry-After` that is waited for.
  private static let longestWait = Duration.seconds(30)

  package let configuration: ClusterConfiguration
  let transport: APITransport
  let clock: SystemClock
  let serverClock: ServerClock
  let skipped: SkippedObjects
  let watchTimeout: Duration
  /// How long watches wait between tries that fail.
  package let watchBackOff: RetryPolicy
  let logger: Logger
  private let retry: RetryPolicy
  private let onRequest: @Sendable (RequestReport) -> Void

  /// - Parameters:
  ///   - watchTimeout: how long the server is asked to keep a watch open.
  ///   - notice: gets lines of text that an exec plugin has for the user.
  ///   - onRequest: gets every request that is sent; called from many tasks, so it is to be quick.
  ///   - onSkipped: gets every object that was left out of a list or a watch as it cannot be decoded.
  package init(
    _ configuration: ClusterConfiguration, retry: RetryPolicy = RetryPolicy(attempts: 4, base: .milliseconds(300)),
    watchTimeout: Duration = .seconds(290), watchBackOff: RetryPolicy = WatchMachine.backOff,
    clock: SystemClock = .system,
    notice: @escaping @Sendable (String) -> Void = { _ in },
    onRequest: @escaping @Sendable (RequestReport) -> Void = { _ in },
    onSkipped: @escaping @Sendable (SkippedObject) -> Void = { _ in }, logger: Logger
  ) throws(ConfigurationError) {
    self.configuration = configuration
    self.onRequest = onRequest
    self.retry = retry
    self.clock = clock
    self.watchTimeout = watchTimeout
    self.watchBackOff = watchBackOff
    self.logger = logger
    serverClock = ServerClock()
    skipped = SkippedObjects(logger: logger, report: onSkipped)
    // A few seconds more than a healthy server takes to end the watch: a silence that long is a dead connection.
    transport = try APITransport(
      configuration, watchIdleLimit: watchTimeout + .seconds(5), clock: clock, serverClock: serverClock,
      notice: notice, logger: logger)
  }

  /// A client of the same cluster with connections and places of its own, so that what is asked through it waits for
  /// nobody else. It must be shut down too.
  ///
  /// - Parameters:
  ///   - concurrency: requests that run at once; watches are not counted.
  ///   - onSkipped: in place of this client's.
  package func separate(
    concurrency: Int? = nil, onSkipped: (@Sendable (SkippedObject) -> Void)? = nil
  ) -> KubernetesClient {
    KubernetesClient(
      like: self, concurrency: concurrency,
      skipped: onSkipped.map { SkippedObjects(logger: logger, report: $0) } ?? skipped)
  }

  private init(like other: KubernetesClient, concurrency: Int?, skipped: SkippedObjects) {
    configuration = other.configuration
    onRequest = other.onRequest
    retry = other.retry
    clock = other.clock
    watchTimeout = other.watchTimeout
    watchBackOff = other.watchBackOff
    logger = other.logger
    serverClock = other.serverClock
    self.skipped = skipped
    transport = other.transport.separate(concurrency: concurrency)
  }

  /// Finds what is wrong with a configuration without talking to anybody: certificates, keys, addresses.
  package static func check(
    _ configuration: ClusterConfiguration, clock: SystemClock = .system
  ) throws(ConfigurationError) {
    _ = try Proxy.choose(for: ServerAddress(configuration), configuration)
    _ = try TLSMaterial(configuration, clock: clock)
  }

  /// Closes all connections; the client is of no use afterwards.
  package func shutdown() async { await transport.shutdown() }

  /// How long a request may take, and a watch until it begins; the server's own limit when nobody says.
  var requestLimit: Duration { configuration.requestTimeout ?? .seconds(60) }

  /// Sends a request until it succeeds or may not be tried again; returns the body.
  func send(_ request: APIRequest) async throws -> [UInt8] {
    var attempt = 1
    var hasRenewed = false
    while true {
      do {
        let (response, body) = try await counting(request) {
          let answer = try await transport.call(request, within: requestLimit, upTo: Self.largestAnswer)
          return (answer.response.status, answer)
        }
        if (200..<300).contains(response.status) { return body }
        if response.status == 401, !hasRenewed, await transport.renew(after: response.credential) {
          hasRenewed = true
          continue
        }
        throw error(response, body, request)
      } catch let error as APIError {
        attempt += 1
        guard Self.maySendAgain(request, after: error), error.retryAfter ?? .zero <= Self.longestWait,
          let delay = retry.delay(before: attempt, serverAsks: error.retryAfter, random: clock.random())
        else { throw error }
        logger.debug("trying again", metadata: ["attempt": "\(attempt)", "error": "\(error.code)"])
        try await clock.sleep(delay)
      }
    }
  }

  /// Tells of a request that `body` sends; it gives the status with its result.
  func counting<Result>(
    _ request: APIRequest, _ body: () async throws -> (status: Int, result: Result)
  ) async throws -> Result {
    var status: Int?
    defer {
      onRequest(RequestReport(request, status: status))
    }
    let answer = try await body()
    status = answer.status
    return answer.result
  }

  /// Whether nothing can go wrong by sending it once more.
  private static func maySendAgain(_ request: APIRequest, after error: APIError) -> Bool {
    switch error.code {
    // It never reached the server.
    case .unreachable: true
    // The server did not look at it.
    case .tooManyRequests: true
    case .serverError where error.status == 503 && error.retryAfter != nil: true
    case .interrupted: request.verb.isIdempotent
    case .serverError: request.verb.isIdempotent && [500, 502, 503].contains(error.status)
    case .timedOut: request.verb.isIdempotent && error.status == 504
    default: false
    }
  }

  func error(_ response: APITransport.Response, _ body: [UInt8], _ request: APIRequest) -> APIError {
    let seconds = response.headers.first(name: "Retry-After").flatMap { Int($0) }
    return APIError(
      status: response.status, body: body, contentType: response.headers.first(name: "Content-Type"),
      retryAfter: seconds.flatMap { $0 >= 0 ? .seconds($0) : nil }, to: request,
      user: configuration.impersonation?.user ?? configuration.userName)
  }

  /// Sends a request whose answer is one object.
  func send<Answer: Decodable>(_ request: APIRequest, as type: Answer.Type = Answer.self) async throws -> Answer {
    try decode(try await send(request), request)
  }

  func decode<Answer: Decodable>(_ bytes: [UInt8], _ request: APIRequest) throws -> Answer {
    do {
      if Answer.self == JSON.self, let json = try JSON(parsing: bytes) as? Answer { return json }
      return try JSONDecoder().decode(Answer.self, from: Data(bytes))
    } catch {
      var problem = APIError(
        .malformed, request, detail: "the answer cannot be read: \(Self.place(of: error, bytes))",
        remedy: "Is this the address of a Kubernetes API server? Is a proxy in between?")
      problem.status = 200
      throw problem
    }
  }

  /// Where decoding ended.
  private static func place(of error: any Error, _ bytes: [UInt8]) -> String {
    if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") { return "it is an HTML page" }
    let place = DecodingPlace.text(of: error)
    return place.isEmpty ? "it is not the JSON that was expected" : "its field \(place) is not what was expected"
  }
}
