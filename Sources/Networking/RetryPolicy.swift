/// How often a failed action is tried again, and how long to wait before: exponential back-off with jitter.
package struct RetryPolicy: Hashable, Sendable {
  /// Tries in all, the first included.
  package var attempts: Int
  /// Wait before the second try.
  package var base: Duration
  /// By how much each wait is longer than the one before.
  package var factor: Double
  /// The longest wait.
  package var cap: Duration
  /// Share of the wait that is random, 0 to 1, so that many nodes do not come back at one instant.
  package var jitter: Double

  package init(
    attempts: Int, base: Duration = .milliseconds(500), factor: Double = 2, cap: Duration = .seconds(30),
    jitter: Double = 0.3
  ) {
    self.attempts = attempts
    self.base = base
    self.factor = factor
    self.cap = cap
    self.jitter = jitter
  }

  package static let never = RetryPolicy(attempts: 1)

  /// The wait before `attempt` (2 is the first repetition), or `nil` when no tries are left.
  ///
  /// - Parameters:
  ///   - serverAsks: what the other side asked for (`Retry-After`); it is never undercut and never cut by `cap`.
  ///   - random: a number from 0 up to 1, passed in so that the policy stays a plain value.
  package func delay(before attempt: Int, serverAsks: Duration? = nil, random: Double) -> Duration? {
    guard attempt <= attempts else { return nil }
    var wait = base
    for _ in 0..<max(0, min(attempt - 2, 64)) where wait < cap { wait = wait * factor }
    wait = min(wait, cap)
    wait = wait * (1 - jitter) + wait * jitter * random
    return max(wait, serverAsks ?? .zero)
  }
}
