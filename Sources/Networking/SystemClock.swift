#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// Time and chance as the clients see them, so that tests need not wait.
package struct SystemClock: Sendable {
  package var now: @Sendable () -> ContinuousClock.Instant
  package var sleep: @Sendable (Duration) async throws -> Void
  /// The date on the wall, for what is written into objects, for certificates and for dates that servers send.
  package var date: @Sendable () -> Date
  /// A number from 0 up to 1.
  package var random: @Sendable () -> Double

  package init(
    now: @escaping @Sendable () -> ContinuousClock.Instant, sleep: @escaping @Sendable (Duration) async throws -> Void,
    date: @escaping @Sendable () -> Date, random: @escaping @Sendable () -> Double
  ) {
    self.now = now
    self.sleep = sleep
    self.date = date
    self.random = random
  }

  package static let system = SystemClock(
    now: { ContinuousClock.now }, sleep: { try await Task.sleep(for: $0) }, date: { Date() },
    random: { Double.random(in: 0..<1) })
}
