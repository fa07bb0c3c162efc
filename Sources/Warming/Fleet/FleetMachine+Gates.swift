import Kubernetes

/// Taints that keep pods off nodes until these are warm.
extension FleetMachine {
  /// Sees which gates a node bears, and which are gone.
  mutating func noteGates(_ node: NodeIndex) {
    guard let facts = nodes[node].facts else { return }
    let taints = Set(facts.taints.map(\.key))
    let wanted = Set(nodes[node].standings.compactMap { plans[$0.plan].plan.gate?.taint })
    let createdAt = nodes[node].createdAt
    let isChanged = nodes[node].gates.nodeUpdated(
      taints: taints, wanted: wanted, createdAt: createdAt, isNew: now < createdAt + limits.youth, at: now)
    if isChanged { records.changed(node) }
    for plan in plans.departing { keepGate(of: plan, on: node, facts) }
  }

  /// Puts a closed gate of a Prepull that is gone on the record, which it goes after: somebody has to open it.
  private mutating func keepGate(of plan: PlanIndex, on node: NodeIndex, _ facts: NodeFacts) {
    guard let taint = plans[plan].plan.gate?.taint, facts.taints.contains(where: { $0.key == taint }),
      case .wanted = plans[plan].choice.verdict(for: facts)
    else { return }
    let createdAt = nodes[node].createdAt
    guard nodes[node].gates.keep(taint, since: min(now, createdAt)) else { return }
    records.markExisting(node)
    leave(plan, node)
  }

  /// Opens gates of nodes that are warm or were kept back long enough; when to look again.
  mutating func openGates(_ node: NodeIndex) -> Duration? {
    guard nodes[node].gates.isClosed else { return nil }
    let claims = nodes[node].standings.compactMap { standing in
      plans[standing.plan].plan.gate.map { gate in
        NodeGates.Claim(
          taint: gate.taint, isWarm: standing.state == .warm || standing.state == .unsupported,
          deadline: gate.deadline)
      }
    }
    let (openings, due) = nodes[node].gates.open(claims: claims, unclaimedTimeout: limits.unclaimedGate, at: now)
    for opening in openings {
      actions.append(
        .openGate(
          GateOpening(
            node: nodes[node].name, uid: nodes[node].uid, taint: opening.taint, reason: opening.reason,
            waited: max(.zero, now - opening.since))))
    }
    return due
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
