/// Proof that nodes still hold what they held.
extension FleetMachine {
  /// Begins a check of all that a node holds when it is due, and ends one that has nothing left to find.
  mutating func beginCheck(_ node: Int) {
    if nodes[node].unverified == nil, let due = nextCheck(of: node), due <= now {
      nodes[node].unverified = Set(nodes[node].held.entries.map(\.image))
      if nodes[node].isSuspect { nodes[node].hintedAt = now }
      nodes[node].isSuspect = false
    }
    guard var left = nodes[node].unverified else { return }
    let standings = nodes[node].standings
    left = left.filter { image in
      nodes[node].held[image] != nil
        && standings.contains { plans[$0.plan].verifies && plans[$0.plan].positions[image] != nil }
    }
    nodes[node].unverified = left.isEmpty ? nil : left
    guard left.isEmpty else { return }
    nodes[node].verifiedAt = now
    bump(node)
  }

  /// When a node's next check is due; nil when nobody asks for one, or one runs.
  func nextCheck(of node: Int) -> Duration? {
    let state = nodes[node]
    guard state.unverified == nil, !state.held.isEmpty, let last = state.verifiedAt else { return nil }
    let periods = state.standings.compactMap { standing in
      plans[standing.plan].verifies && standing.cells.contains { $0.state == .warm || $0.state == .stale }
        ? plans[standing.plan].plan.verifyEvery : nil
    }
    guard let period = periods.min() else { return nil }
    // Nodes that became warm together are not checked together.
    let regular = last + period * (1 + 0.1 * share(of: state.name))
    return state.isSuspect ? min(regular, max(now, (state.hintedAt ?? .zero) + limits.hintInterval)) : regular
  }

  /// A number from 0 up to 1 that stays with a name (FNV-1a).
  private func share(of name: String) -> Double {
    let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return Double(hash >> 8) / Double(1 << 24)
  }

  // MARK: Hints

  mutating func hint(_ name: String) { nodeNumbers[name].map { suspect($0) } }

  /// Something says that a node may have lost images.
  mutating func suspect(_ node: Int) {
    guard !nodes[node].isSuspect else { return }
    nodes[node].isSuspect = true
    touch(node)
  }

  /// What the node listed before and does not list any more may be gone.
  mutating func compareList(_ names: [String]?, of node: Int) {
    let listed = names.map { Set($0.flatMap { listedNames[$0] ?? [] }) }
    if let listed, let before = nodes[node].listed,
      before.subtracting(listed).contains(where: { nodes[node].held[$0] != nil })
    {
      suspect(node)
    }
    nodes[node].listed = listed
  }

  // MARK: Proofs

  /// Takes in what a verify pod found.
  mutating func takeProofs(of pod: LivePod, on node: Int) {
    for image in pod.images {
      switch image.report {
      case .waiting: continue
      case .held: break
      case .failing(let failure, _, _):
        guard failure.code == "neverPull", nodes[node].held[image.number] != nil else { break }
        nodes[node].held.remove(image.number)
        bump(node)
        let reference = references[image.number]
        actions.append(.tell(.imageLost(pod.id.prepull, node: nodes[node].name, reference: reference)))
      }
      nodes[node].unverified?.remove(image.number)
    }
  }
}
