import Documents
import Synchronization

/// What is made to go wrong at an API server, and how often it was asked.
package final class ServerFaults: Sendable {
  private struct Failure {
    let error: StatusError
    var times: Int
    let applies: @Sendable (RequestKey) -> Bool
  }

  private struct State {
    var denied: Set<DeniedPermission> = []
    var delay: Duration?
    var watchLifetime: Duration?
    var failures: [Failure] = []
    var counts: [RequestKey: Int] = [:]
  }

  private let state: Mutex<State>

  init(denied: Set<DeniedPermission>) { state = Mutex(State(denied: denied)) }

  /// Refuses with 403 from now on.
  package func deny(_ permission: DeniedPermission) { state.withLock { _ = $0.denied.insert(permission) } }

  package func allow(_ permission: DeniedPermission) { state.withLock { _ = $0.denied.remove(permission) } }

  /// Every request waits so long before it is looked at; nil for not at all.
  package func delay(_ duration: Duration?) { state.withLock { $0.delay = duration } }

  /// Every watch that begins from now on ends after this time; nil for the client's own limit.
  package func closeWatches(after lifetime: Duration?) { state.withLock { $0.watchLifetime = lifetime } }

  /// Answers the next `times` requests that `applies` to with an error, as an overloaded or broken server does.
  ///
  /// - Parameter status: 429 comes with `Retry-After`, 503 and 500 without.
  package func fail(
    _ status: Int, times: Int, message: String = "", where applies: @escaping @Sendable (RequestKey) -> Bool
  ) {
    let reasons = [
      400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
      422: "Invalid", 429: "TooManyRequests",
      500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
    ]
    let texts = [
      401: "Unauthorized", 429: "too many requests, please try again later",
      500: "Internal error occurred: injected", 503: "the server is currently unable to handle the request",
      504: "the server was unable to return a response in the time allotted, but may still be processing the request",
    ]
    var error = StatusError(status, reasons[status] ?? "", message.isEmpty ? texts[status] ?? "injected" : message)
    if status == 429 { error.details = ["retryAfterSeconds": 1] }
    state.withLock { $0.failures.append(Failure(error: error, times: times, applies: applies)) }
  }

  /// How often the server was asked for what, the refused and failed requests too.
  package var requestCounts: [RequestKey: Int] { state.withLock { $0.counts } }

  package func resetCounts() { state.withLock { $0.counts = [:] } }

  func isDenied(_ attempt: AccessAttempt) -> Bool {
    state.withLock { $0.denied.contains { $0.covers(attempt) } }
  }

  var currentDelay: Duration? { state.withLock { $0.delay } }
  var watchLifetime: Duration? { state.withLock { $0.watchLifetime } }

  func count(_ key: RequestKey) { state.withLock { $0.counts[key, default: 0] += 1 } }

  func failure(of key: RequestKey) -> StatusError? {
    state.withLock { state in
      guard let index = state.failures.firstIndex(where: { $0.applies(key) }) else { return nil }
      state.failures[index].times -= 1
      let error = state.failures[index].error
      if state.failures[index].times <= 0 { state.failures.remove(at: index) }
      return error
    }
  }
}
