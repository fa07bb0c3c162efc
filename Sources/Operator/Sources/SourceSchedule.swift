import ImageSources
import Networking

/// Which source is asked next. Pure.
struct SourceSchedule: Sendable {
  private struct Entry: Sendable {
    var interval: Duration
    var answer: SourceAnswer
    var due: Duration
    var failures = 0
    var isRunning = false
  }

  /// After a failure; no longer than the interval.
  static let backOff = RetryPolicy(attempts: .max, base: .seconds(5), cap: .seconds(300), jitter: 0.2)

  private let places: Int
  private var entries: [SourceKey: Entry] = [:]

  /// - Parameter places: questions at a time.
  init(places: Int = 4) { self.places = places }

  /// Replaces all that is wanted; what is not wanted any more is forgotten.
  ///
  /// - Parameter requests: how often each is asked, and what is known of it from before.
  mutating func want(_ requests: [SourceKey: SourceRequest], at now: Duration) {
    entries = entries.filter { requests[$0.key] != nil }
    for (key, request) in requests {
      if let old = entries[key] {
        entries[key]?.interval = request.interval
        if old.failures == 0 { entries[key]?.due = min(old.due, now + request.interval) }
      } else {
        entries[key] = Entry(interval: request.interval, answer: request.known ?? SourceAnswer(), due: now)
      }
    }
  }

  /// Takes those whose time has come, as far as there are places.
  mutating func begin(at now: Duration) -> [SourceKey] {
    let running = entries.values.count(where: \.isRunning)
    let due = entries.filter { !$1.isRunning && $1.due <= now }.sorted {
      ($0.value.due, $0.key.id) < ($1.value.due, $1.key.id)
    }
    let next = due.prefix(max(0, places - running)).map(\.key)
    for key in next { entries[key]?.isRunning = true }
    return next
  }

  /// - Returns: the answer that holds now; nil where nobody wants it any more.
  mutating func finish(
    _ key: SourceKey, _ outcome: Result<SourceFinding, SourceError>, random: Double, at now: Duration
  ) -> SourceAnswer? {
    guard var entry = entries[key] else { return nil }
    entry.isRunning = false
    entry.answer.take(outcome, at: now)
    switch outcome {
    case .success:
      entry.failures = 0
      entry.due = now + entry.interval
    case .failure(let error):
      entry.failures += 1
      let asked = error.retryAfter ?? .zero
      let pause = Self.backOff.delay(before: entry.failures + 1, random: random) ?? entry.interval
      entry.due = now + max(min(pause, entry.interval), asked)
    }
    entries[key] = entry
    return entry.answer
  }
}

/// What somebody wants to know of a source.
package struct SourceRequest: Hashable, Sendable {
  package var interval: Duration
  /// From before.
  package var known: SourceAnswer?

  package init(interval: Duration, known: SourceAnswer? = nil) {
    self.interval = interval
    self.known = known
  }
}
