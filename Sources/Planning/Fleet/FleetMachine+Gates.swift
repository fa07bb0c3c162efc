/// Taints that keep pods off nodes until these are warm.
extension FleetMachine {
  /// Sees which gates a node bears, and which are gone.
  mutating func noteGates(_ node: Int) {
    guard let facts = nodes[node].facts else { return }
    let tainted = Set(facts.taints.map(\.key))
    for index in nodes[node].gates.indices where nodes[node].gates[index].gate.openedAt == nil {
      guard !tainted.contains(nodes[node].gates[index].gate.taint) else { continue }
      nodes[node].gates[index].gate.openedAt = now
      nodes[node].gates[index].askedAt = nil
      bump(node)
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
      if !isNew { bump(node) }
    }
  }

  /// Opens gates of nodes that are warm or were kept back long enough; when to look again.
  mutating func openGates(_ node: Int) -> Duration? {
    var due: Duration?
    for index in nodes[node].gates.indices where nodes[node].gates[index].gate.openedAt == nil {
      let gate = nodes[node].gates[index]
      if let askedAt = gate.askedAt, now < askedAt + .seconds(60) {
        due = earliest(due, askedAt + .seconds(60))
        continue
      }
      let (opensAt, isWarm) = opening(of: gate.gate, on: node)
      guard isWarm || opensAt <= now else {
        due = earliest(due, opensAt)
        continue
      }
      let reason: GateOpening.Reason = isWarm ? .warm : .deadlinePassed
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

  /// Whether all that the gate waits for is there, and when it opens if not.
  private func opening(of gate: NodeRecord.Gate, on node: Int) -> (at: Duration, isWarm: Bool) {
    let waiting = nodes[node].standings.filter { plans[$0.plan].plan.gate?.taint == gate.taint }
    let cold = waiting.filter { $0.state != .warm && $0.state != .unsupported }
    let deadline = cold.compactMap { plans[$0.plan].plan.gate?.deadline }.max()
    return (gate.since + (deadline ?? limits.gateDeadline), cold.isEmpty && !waiting.isEmpty)
  }

  /// Keeps the node's condition up to date.
  mutating func markWarmth(_ node: Int) {
    let standings = nodes[node].standings
    guard !standings.isEmpty else { return }
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
}
