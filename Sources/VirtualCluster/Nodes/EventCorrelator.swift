/// What client-go does to the events of one component on one object before it sends them: the same event again only
/// counts up, similar ones are put together, and of many most are dropped.
///
/// Source: `client-go/tools/record/events_cache.go`. A pod with twenty images loses most of its events this way, in a
/// real cluster as here.
struct EventCorrelator: Sendable {
  struct Occurrence: Hashable, Sendable {
    var type: String
    var reason: String
    var message: String
    /// `spec.containers{name}`; empty for the object as a whole.
    var fieldPath = ""
  }

  enum Outcome: Hashable, Sendable {
    case create(message: String, id: Int)
    /// The event of that id happened once more.
    case update(message: String, id: Int, count: Int)
    case drop
  }

  private struct Similar {
    var messages: Set<String> = []
    var last: Double
  }

  private static let burst = 25.0
  private static let refill = 1.0 / 300
  private static let mostSimilar = 10
  private static let similarInterval = 600.0

  private var tokens = burst
  private var filled: Double?
  private var similar: [String: Similar] = [:]
  private var seen: [Occurrence: (id: Int, count: Int)] = [:]

  /// - Parameter now: seconds on any clock.
  mutating func note(_ occurrence: Occurrence, at now: Double) -> Outcome {
    let kind = "\(occurrence.type) \(occurrence.reason)"
    var group = similar[kind] ?? Similar(last: now)
    if now - group.last > Self.similarInterval { group.messages = [] }
    group.last = now
    group.messages.insert(occurrence.message)
    var key = occurrence
    var message = occurrence.message
    if group.messages.count >= Self.mostSimilar {
      group.messages.removeFirst()
      message = "(combined from similar events): " + message
      key = Occurrence(type: occurrence.type, reason: occurrence.reason, message: "")
    }
    similar[kind] = group
    let entry = seen[key].map { (id: $0.id, count: $0.count + 1) } ?? (id: seen.count, count: 1)
    seen[key] = entry
    guard take(at: now) else { return .drop }
    return entry.count == 1
      ? .create(message: message, id: entry.id) : .update(message: message, id: entry.id, count: entry.count)
  }

  private mutating func take(at now: Double) -> Bool {
    tokens = min(Self.burst, tokens + (now - (filled ?? now)) * Self.refill)
    filled = now
    guard tokens >= 1 else { return false }
    tokens -= 1
    return true
  }
}
