import Kubernetes

extension FleetMachine {
  /// How a Prepull stands; nil when it is not known.
  package func summary(of prepull: PrepullID) -> FleetSummary? {
    guard let number = plans.index(of: prepull), !plans[number].isGone else { return nil }
    let state = plans[number]
    var summary = FleetSummary(generation: state.plan.generation)
    let counts = state.counts
    summary.nodes.warm = counts[.warm]
    summary.nodes.stale = counts[.stale]
    summary.nodes.pulling = counts[.pulling]
    summary.nodes.pending = counts[.pending]
    summary.nodes.failed = counts[.failed]
    summary.nodes.unsupported = counts[.unsupported]
    summary.nodes.withoutAgent = counts.withoutAgent
    summary.nodes.unreachable = counts[.unreachable]
    summary.unreachableExamples = counts.unreachable.map { nodes[$0].name }.sorted().prefix(3).map { name in
      let isCordoned = nodes.index(of: name).flatMap { nodes[$0].facts?.isSchedulable } == false
      return "\(name) (\(isCordoned ? "cordoned" : "not ready"))"
    }
    for (position, image) in state.plan.images.enumerated() {
      func count(_ cell: Cell.State) -> Int { counts.count(of: cell, at: position) }
      var entry = FleetSummary.Image(reference: image.reference)
      entry.warm = count(.warm)
      entry.stale = count(.stale)
      entry.pending = count(.pending)
      entry.failed = count(.failed) + count(.refused)
      entry.unsupported = count(.unsupported)
      entry.refusal = state.refusals.failure(of: position)
      if let last = counts.lastFailure(at: position) ?? (entry.failed > 0 ? anyFailure(at: position, of: state) : nil) {
        entry.lastFailure = last.failure
        entry.failedNode = nodes[last.node].name
      }
      summary.images.append(entry)
    }
    summary.isPaused = state.isPaused
    summary.failing = counts.failing
    summary.isComplete = state.isComplete
    summary.obstacle = state.creationBackoff?.reason
    summary.blocked = blocked(state, seedWait: seedWait(of: number)?.nodes ?? 0)
    summary.blockedExample = summary.blocked[.noRoom] == nil ? nil : state.blockedExample
    summary.seedWait = summary.blocked[.seeds] == nil ? nil : seedWait(of: number)
    summary.yieldsTo = summary.blocked[.busy] == nil ? nil : state.yieldsTo
    return summary
  }

  /// A failure of an image that still stands, where that which was met last does not.
  private func anyFailure(at position: Int, of plan: PlanState) -> PrepullCounts.LastFailure? {
    let key = FailureKey(owner: plan.owner, image: plan.images[position])
    for node in nodes.indices {
      if let failure = nodes[node].failures[key] {
        return PrepullCounts.LastFailure(failure: failure.failure, node: node)
      }
    }
    return nil
  }

  /// - Parameter waiting: nodes that wait for seeds.
  private func blocked(_ state: PlanState, seedWait waiting: Int) -> [FleetSummary.Blocker: Int] {
    let pending = state.counts[.pending]
    if state.plan.isSuspended { return pending > 0 ? [.suspended: pending] : [:] }
    var blocked: [FleetSummary.Blocker: Int] = [:]
    for blocker in FleetSummary.Blocker.allCases {
      let count = state.counts[blocker]
      guard count > 0 else { continue }
      // Nodes that are ready to be begun wait for what holds up the Prepull as a whole.
      let cause: FleetSummary.Blocker =
        blocker == .pacing ? (state.creationBackoff != nil ? .refused : state.isPaused ? .paused : .pacing) : blocker
      blocked[cause, default: 0] += count
    }
    let waiting = min(waiting, blocked[.pacing] ?? 0)
    if waiting > 0 {
      blocked[.seeds] = waiting
      blocked[.pacing] = (blocked[.pacing] ?? 0) == waiting ? nil : (blocked[.pacing] ?? 0) - waiting
    }
    return blocked
  }
}
