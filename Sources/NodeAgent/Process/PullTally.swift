import Serving
import Runtimes
import Synchronization

/// What the agent's pulls are measured by.
final class PullTally: Sendable {
  /// Smaller ones tell of round trips, not of a rate.
  private static let least: Int64 = 8 << 20

  private struct State {
    /// Of the runtime's own pulls.
    var bytes: Int64 = 0
    var seconds = 0.0
  }

  private let state = Mutex(State())
  private let metrics: AgentMetrics

  init(_ metrics: AgentMetrics) { self.metrics = metrics }

  func count(_ outcome: PullOutcome, way: PullWay?) {
    switch outcome {
    case .warm(let warm):
      metrics.pulls.add(1, warm.isPulled ? "pulled" : "present")
      if warm.isPulled { count(warm, way: way) }
    case .failed: metrics.pulls.add(1, "failed")
    case .noRoom: metrics.pulls.add(1, "noRoom")
    case .cancelled: metrics.pulls.add(1, "cancelled")
    }
  }

  private func count(_ warm: PullOutcome.Warm, way: PullWay?) {
    let name = way == .fast ? "fast" : "runtime"
    let reason: String
    switch way {
    case .fast: reason = ""
    case .runtime(let why, _): reason = why.rawValue
    case nil: reason = "off"
    }
    metrics.ways.add(1, name, reason)
    if let seconds = warm.seconds { metrics.pullDuration.observe(seconds, name) }
    guard let bytes = warm.bytes, let seconds = warm.seconds else { return }
    metrics.pulledBytes.add(Double(bytes), name)
    guard bytes >= Self.least, seconds > 0 else { return }
    let rate = state.withLock { state -> Double? in
      if way != .fast {
        state.bytes += bytes
        state.seconds += seconds
      }
      return state.seconds > 0 ? Double(state.bytes) / state.seconds : nil
    }
    guard let rate, rate > 0 else { return }
    metrics.runtimeRate.set(rate)
    if way == .fast { metrics.secondsSaved.add(max(0, Double(bytes) / rate - seconds)) }
  }
}
