import Documents
package import KubeAPIServer
import Synchronization

extension ServerFaults {
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
    let (failure, left) = (error, Countdown(times))
    answer { applies($0) && left.take() ? failure : nil }
  }

  /// Begins the counting again.
  package func resetCounts() { requestCounts = [:] }
}

private final class Countdown: Sendable {
  private let left: Mutex<Int>

  init(_ count: Int) { left = Mutex(count) }

  /// False when nothing is left.
  func take() -> Bool {
    left.withLock { left in
      left -= 1
      return left >= 0
    }
  }
}
