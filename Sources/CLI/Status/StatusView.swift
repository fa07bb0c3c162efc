import Warming
import PrepullAPI
import Synchronization
import Terminal

/// What `prepull status --watch` knows, from several sources, and what it showed last.
final class StatusView: Sendable {
  struct Shown: Sendable {
    var report: StatusReport
    var region = LiveRegion()
    var text = ""
  }

  private struct State {
    var shown = Shown(report: StatusReport(items: [], namespace: nil))
    /// Nothing is shown before the cluster has said what there is.
    var isKnown = false
  }

  private let state = Mutex(State())
  private let interval: Duration
  private let draw: @Sendable (inout Shown) -> Void
  private let changes: AsyncStream<Void>
  private let changed: AsyncStream<Void>.Continuation

  /// - Parameter interval: the least time between two drawings; what changes meanwhile is in the next.
  init(every interval: Duration, _ draw: @escaping @Sendable (inout Shown) -> Void) {
    self.interval = interval
    self.draw = draw
    (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Draws what changed until the task is cancelled.
  func run() async throws {
    for await _ in changes {
      state.withLock { if $0.isKnown { draw(&$0.shown) } }
      try await Task.sleep(for: interval)
    }
  }

  func show(items: [ClusterStatus.Item], namespace: String?) {
    change { state in
      let old = state.shown.report
      state.shown.report = StatusReport(
        items: items, prepulls: old.prepulls, pulls: old.pulls, namespace: namespace)
      state.isKnown = true
    }
  }

  func show(pulls: [AgentPull]) { change { $0.shown.report.pulls = pulls } }

  func show(prepulls: [Prepull]) { change { $0.shown.report.prepulls = prepulls } }

  private func change(_ body: (inout State) -> Void) {
    state.withLock { body(&$0) }
    changed.yield()
  }
}
