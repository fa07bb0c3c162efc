import Kubernetes

/// Taints that keep pods off nodes until these are warm.
extension FleetMachine {
  /// Sees which gates a node bears, and which are gone.
  mutating func noteGates(_ node: NodeIndex) {
    guard let facts = nodes[node].facts else { return }
    let tainted = Set(facts.taints.map(\.key))
    for index in nodes[node].gates.indices where nodes[node].gates[index].gate.openedAt == nil {
      guard !tainted.contains(nodes[node].gates[index].gate.taint) else { continue }
      nodes[node].gates[index].gate.openedAt = now
      nodes[node].gates[index].askedAt = nil
      records.changed(node)
    }
    let keys = Set(nodes[node].standings.compactMap { plans[$0.plan].plan.gate?.taint })
    nodes[node].gates.removeAll { $0.gate.openedAt != nil && !keys.contains($0.gate.taint) }
    for key in keys.intersection(tainted).sorted() {
      let known = nodes[node].gates.firstIndex { $0.gate.taint == key }
      if let known, nodes[node].gates[known].gate.openedAt == nil { continue }
      // The taint of a new node was there from the start; this needs no record to be found again.
      let isNew = known == nil && now < nodes[node].createdAt + limits.youth
      let gate = GateState(
        gate: NodeRecord.Gate(taint: key, since: isNew ? min(now, nodes[node].createdAt) : now))
      if let known { nodes[node].gates[known] = gate } else { nodes[node].gates.append(gate) }
      if !isNew { records.changed(node) }
    }
    for plan in plans.departing { keepGate(of: plan, on: node, facts) }
  }

  /// Puts a closed gate of a Prepull that is gone on the record, which it goes after: somebody has to open it.
  private mutating func keepGate(of plan: PlanIndex, on node: NodeIndex, _ facts: NodeFacts) {
    guard let taint = plans[plan].plan.gate?.taint, facts.taints.contains(where: { $0.key == taint }),
      case .wanted = plans[plan].choice.verdict(for: facts)
    else { return }
    let known = nodes[node].gates.firstIndex { $0.gate.taint == taint && $0.gate.openedAt == nil }
    if known == nil {
      nodes[node].gates.removeAll { $0.gate.taint == taint }
      nodes[node].gates.append(GateState(gate: NodeRecord.Gate(taint: taint, since: min(now, nodes[node].createdAt))))
    }
    let index = known ?? nodes[node].gates.count - 1
    guard !nodes[node].gates[index].isKept else { return }
    nodes[node].gates[index].isKept = true
    records.markExisting(node)
    leave(plan, node)
  }

  /// Opens gates of nodes that are warm or were kept back long enough; when to look again.
  mutating func openGates(_ node: NodeIndex) -> Duration? {
    var due: Duration?
    for index in nodes[node].gates.indices where nodes[node].gates[index].gate.openedAt == nil {
      let gate = nodes[node].gates[index]
      if let askedAt = gate.askedAt, now < askedAt + .seconds(60) {
        due = earliest(due, askedAt + .seconds(60))
        continue
      }
      let (opensAt, reason) = opening(of: index, on: node)
      guard opensAt <= now else {
        due = earliest(due, opensAt)
        continue
      }
      nodes[node].gates[index].askedAt = now
      nodes[node].gates[index].gate.reason = reason
      let opening = GateOpening(
        node: nodes[node].name, uid: nodes[node].uid, taint: gate.gate.taint, reason: reason,
        waited: max(.zero, now - gate.gate.since))
      actions.append(.openGate(opening))
      due = earliest(due, now + .seconds(60))
    }
    return due
  }

  /// When a gate opens by what is known now, and why.
  private mutating func opening(of index: Int, on node: NodeIndex) -> (at: Duration, GateOpening.Reason) {
    let gate = nodes[node].gates[index].gate
    let waiting = nodes[node].standings.filter { plans[$0.plan].plan.gate?.taint == gate.taint }
    guard !waiting.isEmpty else {
      let since = nodes[node].gates[index].unclaimedSince ?? now
      nodes[node].gates[index].unclaimedSince = since
      return (since + limits.unclaimedGate, .unclaimed)
    }
    nodes[node].gates[index].unclaimedSince = nil
    let cold = waiting.filter { $0.state != .warm && $0.state != .unsupported }
    guard let deadline = cold.compactMap({ plans[$0.plan].plan.gate?.deadline }).max() else { return (now, .warm) }
    return (gate.since + deadline, .deadlinePassed)
  }

  /// Whether a gate that is closed waits for a Prepull.
  func isGate(of plan: PlanIndex, closedOn node: NodeIndex) -> Bool {
    guard let taint = plans[plan].plan.gate?.taint else { return false }
    return nodes[node].gates.contains { $0.gate.openedAt == nil && $0.gate.taint == taint }
  }

  /// Keeps the node's condition up to date.
  mutating func markWarmth(_ node: NodeIndex) {
    let standings = nodes[node].standings
    noteFirstWarmth(node)
    guard !standings.isEmpty else {
      guard nodes[node].markedWarm != nil else { return }
      nodes[node].markedWarm = nil
      actions.append(.mark(node: nodes[node].name, uid: nodes[node].uid, isWarm: nil, message: ""))
      return
    }
    let cold = standings.filter { $0.state != .warm && $0.state != .unsupported }
    guard nodes[node].markedWarm != cold.isEmpty else { return }
    nodes[node].markedWarm = cold.isEmpty
    let names = cold.map { plans[$0.plan].id.key }
    let message =
      cold.isEmpty
      ? "all images of \(standings.count) Prepull\(standings.count == 1 ? "" : "s") are here"
      : "images are missing for \(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? " and others" : "")"
    actions.append(.mark(node: nodes[node].name, uid: nodes[node].uid, isWarm: cold.isEmpty, message: message))
  }

  /// Reports a node that holds all for the first time in its life.
  private mutating func noteFirstWarmth(_ node: NodeIndex) {
    let state = nodes[node]
    guard state.warmedAt == nil, !state.held.isEmpty,
      state.standings.allSatisfy({ $0.state == .warm || $0.state == .unsupported })
    else { return }
    nodes[node].warmedAt = now
    records.changed(node)
    actions.append(.tell(.nodeWarm(node: state.name, after: max(.zero, now - state.createdAt))))
  }
}
