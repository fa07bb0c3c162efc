import Kubernetes

extension FleetMachine {
  /// How a Prepull stands; nil when it is not known.
  package func summary(of prepull: PrepullID) -> FleetSummary? {
    guard let number = plans.index(of: prepull), !plans[number].isGone else { return nil }
    let state = plans[number]
    var summary = FleetSummary(generation: state.plan.generation)
    summary.nodes.warm = state[.warm]
    summary.nodes.stale = state[.stale]
    summary.nodes.pulling = state[.pulling]
    summary.nodes.pending = state[.pending]
    summary.nodes.failed = state[.failed]
    summary.nodes.unsupported = state[.unsupported]
    summary.nodes.unreachable = state[.unreachable]
    summary.unreachableExamples = state.unreachable.map { nodes[$0].name }.sorted().prefix(3).map { name in
      let isCordoned = nodes.index(of: name).flatMap { nodes[$0].facts?.isSchedulable } == false
      return "\(name) (\(isCordoned ? "cordoned" : "not ready"))"
    }
    for (position, image) in state.plan.images.enumerated() {
      func count(_ cell: Cell.State) -> Int { state.counts[position][Int(cell.rawValue)] }
      var entry = FleetSummary.Image(reference: image.reference)
      entry.warm = count(.warm)
      entry.stale = count(.stale)
      entry.pending = count(.pending)
      entry.failed = count(.failed) + count(.refused)
      entry.unsupported = count(.unsupported)
      entry.refusal = state.refusals[position]?.backoff.reason
      if let last = state.lastFailures[position] {
        entry.lastFailure = last.failure
        entry.failedNode = nodes[last.node].name
      }
      summary.images.append(entry)
    }
    summary.isPaused = state.isPaused
    summary.failing = state.failing
    summary.isComplete = state.isComplete
    summary.obstacle = state.creationBackoff?.reason
    summary.blocked = blocked(state)
    summary.blockedExample = summary.blocked[.noRoom] == nil ? nil : state.blockedExample
    summary.yieldsTo = summary.blocked[.busy] == nil ? nil : state.yieldsTo
    return summary
  }

  private func blocked(_ state: PlanState) -> [FleetSummary.Blocker: Int] {
    if state.plan.isSuspended { return state[.pending] > 0 ? [.suspended: state[.pending]] : [:] }
    var blocked: [FleetSummary.Blocker: Int] = [:]
    for blocker in FleetSummary.Blocker.allCases {
      let count = state.blocked[Int(blocker.rawValue)]
      guard count > 0 else { continue }
      // Nodes that are ready to be begun wait for what holds up the Prepull as a whole.
      let cause: FleetSummary.Blocker =
        blocker == .pacing ? (state.creationBackoff != nil ? .refused : state.isPaused ? .paused : .pacing) : blocker
      blocked[cause, default: 0] += count
    }
    return blocked
  }
}
