#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// Time and chance as the Kubernetes client sees them, so that tests need not wait.
package struct KubernetesClock: Sendable {
  package var now: @Sendable () -> ContinuousClock.Instant
  package var sleep: @Sendable (Duration) async throws -> Void
  /// The date on the wall, for what is written into objects and for certificates.
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

  package static let system = KubernetesClock(
    now: { ContinuousClock.now }, sleep: { try await Task.sleep(for: $0) }, date: { Date() },
    random: { Double.random(in: 0..<1) })
}
