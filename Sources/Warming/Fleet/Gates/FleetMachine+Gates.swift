import Kubernetes

/// Taints that keep pods off nodes until these are warm.
extension FleetMachine {
  /// Takes in which gates a node has, and which are gone.
  mutating func updateGates(_ node: NodeIndex) {
    guard let facts = nodes[node].facts else { return }
    let taints = Set(facts.taints.map(\.key))
    let wanted = Set(nodes[node].statuses.compactMap { plans[$0.plan].plan.gate?.taint })
    let createdAt = nodes[node].createdAt
    let isChanged = nodes[node].gates.nodeUpdated(
      taints: taints, wanted: wanted, createdAt: createdAt, isNew: now < createdAt + limits.startupGracePeriod, at: now)
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

  /// Opens gates of nodes that are warm or were kept back long enough; when to ask again.
  mutating func openGates(_ node: NodeIndex) -> Duration? {
    guard nodes[node].gates.isClosed else { return nil }
    let claims = nodes[node].statuses.compactMap { status in
      plans[status.plan].plan.gate.map { gate in
        NodeGates.Claim(
          taint: gate.taint, isWarm: status.state == .warm || status.state == .unsupported,
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
  mutating func markCondition(_ node: NodeIndex) {
    let statuses = nodes[node].statuses
    reportFirstWarmth(node)
    guard !statuses.isEmpty else {
      guard nodes[node].markedWarm != nil else { return }
      nodes[node].markedWarm = nil
      actions.append(.mark(node: nodes[node].name, uid: nodes[node].uid, isWarm: nil, message: ""))
      return
    }
    let cold = statuses.filter { $0.state != .warm && $0.state != .unsupported }
    guard nodes[node].markedWarm != cold.isEmpty else { return }
    nodes[node].markedWarm = cold.isEmpty
    let names = cold.map { plans[$0.plan].id.key }
    let message =
      cold.isEmpty
      ? "all images of \(statuses.count) Prepull\(statuses.count == 1 ? "" : "s") are here"
      : "images are missing for \(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? " and others" : "")"
    actions.append(.mark(node: nodes[node].name, uid: nodes[node].uid, isWarm: cold.isEmpty, message: message))
  }

  /// Reports a node that holds all for the first time in its life.
  private mutating func reportFirstWarmth(_ node: NodeIndex) {
    let state = nodes[node]
    guard state.warmedAt == nil, !state.held.isEmpty,
      state.statuses.allSatisfy({ $0.state == .warm || $0.state == .unsupported })
    else { return }
    nodes[node].warmedAt = now
    records.changed(node)
    actions.append(.report(.nodeWarm(node: state.name, after: max(.zero, now - state.createdAt))))
  }
}
