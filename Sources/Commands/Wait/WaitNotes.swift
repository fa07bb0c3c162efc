import Synchronization

/// Lines about a wait for a log: what changed, and not more often than a person would read it.
final class WaitNotes: Sendable {
  private static let pause = Duration.seconds(10)

  private let console: Console
  private let isQuiet: Bool
  private let last = Mutex<(text: String, time: ContinuousClock.Instant)?>(nil)

  init(_ console: Console, isQuiet: Bool) {
    self.console = console
    self.isQuiet = isQuiet
  }

  /// - Parameter isLast: the end has a line of its own.
  func say(_ text: String, isLast: Bool) {
    guard !isQuiet, !isLast else { return }
    let isDue = last.withLock { last in
      let now = ContinuousClock.now
      if let last, last.text == text || last.time.duration(to: now) < Self.pause { return false }
      last = (text, now)
      return true
    }
    if isDue { console.write("\(text)\n") }
  }
}
