import Warming
import PrepullAPI
import Synchronization
import Terminal

/// What `prepull status --watch` knows, from two sources, and what it showed last.
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
  private let draw: @Sendable (inout Shown) -> Void

  init(_ draw: @escaping @Sendable (inout Shown) -> Void) { self.draw = draw }

  func show(items: [ClusterStatus.Item], namespace: String?) {
    state.withLock { state in
      let old = state.shown.report
      state.shown.report = StatusReport(
        items: items, prepulls: old.prepulls, pulls: old.pulls, namespace: namespace)
      state.isKnown = true
      draw(&state.shown)
    }
  }

  func show(pulls: [AgentPull]) {
    state.withLock { state in
      state.shown.report.pulls = pulls
      if state.isKnown { draw(&state.shown) }
    }
  }

  func show(prepulls: [Prepull]) {
    state.withLock { state in
      state.shown.report.prepulls = prepulls
      if state.isKnown { draw(&state.shown) }
    }
  }
}
