import Synchronization

/// The patterns of schemas and rules, each compiled once.
package final class PatternTable: Sendable {
  package static let shared = PatternTable()

  /// Patterns come with definitions; more than this are compiled again.
  private static let limit = 2_000
  private let compiled = Mutex<[String: LinearPattern]>([:])

  package func pattern(_ text: String) throws(LinearPattern.Fault) -> LinearPattern {
    if let known = compiled.withLock({ $0[text] }) { return known }
    let pattern = try LinearPattern(text)
    compiled.withLock { compiled in
      if compiled.count >= Self.limit { compiled = [:] }
      compiled[text] = pattern
    }
    return pattern
  }

  /// Whether a text fits; nil for what is no pattern.
  func matches(_ text: String, _ pattern: String) -> Bool? { (try? self.pattern(pattern))?.matches(in: text) }

  var count: Int { compiled.withLock(\.count) }
}
