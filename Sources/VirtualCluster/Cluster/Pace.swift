/// How fast the sandbox's own waits pass: back-offs of kubelets, grace periods of controllers, modelled pulls.
///
/// Time itself stays real, so that clients over real sockets need to know nothing of it: a wait is its length in a real
/// cluster, divided by `speed`.
package struct Pace: Sendable {
  package let speed: Double

  package init(speed: Double) { self.speed = max(speed, 0.001) }

  func scaled(_ duration: Duration) -> Duration { duration / speed }

  func sleep(_ duration: Duration) async throws { try await Task.sleep(for: scaled(duration)) }

  /// The time that passed since `start` as the cluster counts it.
  func elapsed(since start: ContinuousClock.Instant) -> Duration { (ContinuousClock.now - start) * speed }
}
