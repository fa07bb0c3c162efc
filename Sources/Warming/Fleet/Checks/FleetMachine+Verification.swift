import ImageModel

/// Proof that nodes still hold what they held, and that it is what they should hold.
extension FleetMachine {
  /// Begins a check of all that a node holds when it is due, and ends one that has nothing left to find.
  mutating func beginCheck(_ node: NodeIndex) {
    if let due = nextCheck(of: node), due <= now {
      nodes[node].checks.begin(nodes[node].held.entries.map(\.key), at: now)
    }
    guard nodes[node].checks.unverified != nil else { return }
    let (held, statuses, plans) = (nodes[node].held, nodes[node].statuses, plans)
    let isOver = nodes[node].checks.retain(at: now) { key in
      held[key] != nil
        && statuses.contains {
          plans[$0.plan].verifies && plans[$0.plan].access == key.access && plans[$0.plan].positions[key.image] != nil
        }
    }
    if isOver { records.changed(node) }
  }

  /// When a node's next check is due; nil when no Prepull asks for one, or one runs.
  func nextCheck(of node: NodeIndex) -> Duration? {
    let state = nodes[node]
    guard !state.held.isEmpty else { return nil }
    let periods = state.statuses.compactMap { status in
      plans[status.plan].verifies && status.cells.contains { $0.state == .warm || $0.state == .stale }
        ? plans[status.plan].plan.verifyEvery : nil
    }
    // Nodes that became warm together are not checked together.
    return periods.min().flatMap { period in
      state.checks.nextDue(
        every: period * (1 + 0.1 * share(of: state.name)), hintInterval: limits.hintInterval, at: now)
    }
  }

  /// A number from 0 up to 1 that stays with a name (FNV-1a).
  private func share(of name: String) -> Double {
    let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return Double(hash >> 8) / Double(1 << 24)
  }

  // MARK: Hints

  mutating func nodeSuspected(_ name: String) { nodes.index(of: name).map { suspect($0) } }

  /// Something says that a node may have lost images.
  mutating func suspect(_ node: NodeIndex) {
    if nodes[node].checks.suspect() { markDirty(node) }
  }

  /// What the node listed before and does not list any more may be gone.
  mutating func compareList(_ names: [String]?, of node: NodeIndex) {
    let listed = names.map { Set($0.flatMap { imageTable.images(listedAs: $0) }) }
    let vanished = nodes[node].checks.listUpdated(listed)
    if vanished.contains(where: { nodes[node].held.contains(image: $0) }) { suspect(node) }
  }

  // MARK: Proofs

  /// The images of a pod that checks some of a plan, as many as it may name.
  mutating func checked(_ positions: [Int], _ plan: PlanIndex, on node: NodeIndex) -> [LivePod.Image] {
    var images: [LivePod.Image] = []
    for position in positions {
      let image = plans[plan].images[position]
      let isAlias = nodes[node].aliases[HeldImages.Key(image: image, access: plans[plan].access)] != nil
      let pair = isAlias ? pinned(position, of: plan).map { imageTable.image($0) } : nil
      guard images.count + (pair == nil ? 1 : 2) <= max(2, limits.imagesPerPod) else { break }
      for number in [image, pair].compactMap(\.self) where !images.contains(where: { $0.number == number }) {
        images.append(LivePod.Image(number: number, policy: .never))
      }
    }
    return images
  }

  /// The wanted digest of an image as a reference.
  func pinned(_ position: Int, of plan: PlanIndex) -> String? {
    plans[plan].wantedDigests[position].flatMap {
      PinnedReference.text(of: imageTable.references[plans[plan].images[position]], at: imageTable.digests[$0])
    }
  }

  /// The image of a pod that names another one's repository by a digest, and that digest.
  func pair(of image: LivePod.Image, in pod: LivePod) -> (image: LivePod.Image, digest: Digest)? {
    let reference = imageTable.references[image.number]
    for other in pod.images where other.policy == .never {
      if let digest = PinnedReference.digest(in: imageTable.references[other.number], of: reference) {
        return (other, digest)
      }
    }
    return nil
  }

  /// Takes in what a verify pod found.
  mutating func takeProofs(of pod: LivePod, on node: NodeIndex) {
    for image in pod.images {
      let key = HeldImages.Key(image: image.number, access: pod.access)
      switch image.report {
      case .waiting: continue
      case .held: nodes[node].missing = nodes[node].missing.filter { $0.image != image.number }
      case .unclear:
        guard let pair = pair(of: image, in: pod) else { break }
        if case .waiting = pair.image.report { continue }
        disprove(key, pair.digest, pod, on: node)
      case .failing(let failure, _, _):
        guard failure.code == "neverPull", nodes[node].held[key] != nil else { break }
        miss(key, on: node)
      }
      nodes[node].checks.found(key)
    }
  }

  /// A node states different things for an image and for the digest that it should be.
  private mutating func disprove(_ key: HeldImages.Key, _ digest: Digest, _ pod: LivePod, on node: NodeIndex) {
    let number = imageTable.digest(digest)
    guard var entry = nodes[node].held[key], var alias = nodes[node].aliases[key], alias.disproved != number else {
      return
    }
    let wasAsked = alias.isFresh
    (alias.needsProof, alias.disproved, alias.isFresh) = (false, number, false)
    nodes[node].aliases[key] = alias
    entry.digest = HeldImages.unclear
    nodes[node].held.set(entry)
    records.changed(node)
    guard wasAsked, plans[pod.plan].repairs, let position = plans[pod.plan].positions[key.image] else { return }
    let reference = imageTable.references[key.image]
    let failure = WarmFailure(
      code: "digestMoved", detail: "the node holds another image under \(reference) than \(digest), after a pull",
      remedy: "Wait for the next refresh; if it stays so, a mirror of the node's runtime may be behind.")
    fail(position, of: pod, on: node, failure, .passing)
    actions.append(.report(.digestMoved(pod.id.prepull, node: nodes[node].name, reference: reference)))
  }

  /// A check did not find an image. Since Kubernetes 1.35 kubelets give the same answer where the image is there and was
  /// not pulled with these secrets: the next pull shows which of both it is.
  private mutating func miss(_ key: HeldImages.Key, on node: NodeIndex) {
    forgetImage(key, on: node)
    nodes[node].missing.insert(key)
    restAfterLosses(key.image, on: node)
    // What others proved with their secrets may be gone with it.
    for other in nodes[node].held[image: key.image] { nodes[node].checks.invalidate(other.key) }
    if nodes[node].held.contains(image: key.image) { suspect(node) }
  }

  /// A pull came to an end for an image that a check had missed.
  mutating func noteMissing(_ key: HeldImages.Key, of pod: LivePod, on node: NodeIndex, code: String?) {
    guard nodes[node].missing.remove(key) != nil, code != "denied", code != "unauthorized" else { return }
    noteLoss(of: key.image, on: node, for: pod.id.prepull)
  }
}
