/// What failed, how often, and when it is tried again.
struct Backoff<Reason: Sendable>: Sendable {
  var reason: Reason
  private(set) var tries: Int
  /// Never again when nil.
  private(set) var retryAt: Duration?

  init(reason: Reason, tries: Int, retryAt: Duration?) {
    self.reason = reason
    self.tries = tries
    self.retryAt = retryAt
  }

  /// One more failure after `earlier` ones.
  init(_ reason: Reason, after earlier: Backoff?, at now: Duration, wait: (_ tries: Int) -> Duration) {
    self.reason = reason
    tries = (earlier?.tries ?? 0) + 1
    retryAt = now + wait(tries)
  }

  /// Whether its time has not come.
  func isWaiting(at now: Duration) -> Bool { retryAt.map { $0 > now } ?? false }

  mutating func giveUp() { retryAt = nil }
  mutating func postpone(to time: Duration) { retryAt = time }
  mutating func failed(at now: Duration, wait: (_ tries: Int) -> Duration) {
    tries += 1
    retryAt = now + wait(tries)
  }
}
