import Kubernetes
import ImageModel

/// Nodes and Prepulls come, change and go.
extension FleetMachine {
  // MARK: Nodes

  mutating func nodeUpdated(_ node: FleetNode) {
    let number = nodes.add(node.facts.name)
    let isOther = nodes[number].uid != node.facts.uid
    if isOther { nodeReplaced(number, uid: node.facts.uid) }
    let before = nodes[number].facts
    if before != node.facts || nodes[number].createdAt != node.createdAt {
      nodes[number].facts = node.facts
      nodes[number].createdAt = node.createdAt
      nodes[number].needsChoosing = true
      if node.facts.isReady, nodes[number].awaitsReadiness {
        nodes[number].awaitsReadiness = false
        nodes[number].podBackoff = nil
      }
      markDirty(number)
    }
    if !nodes[number].bootID.isEmpty, nodes[number].bootID != node.bootID { suspect(number) }
    nodes[number].bootID = node.bootID
    (nodes[number].madeAt, nodes[number].listedImages) = (node.madeAt, node.images)
    noteAgent(node, of: number)
    nodes[number].markedWarm = nodes[number].markedWarm ?? node.isMarkedWarm
    compareList(node.listed, of: number)
  }

  /// Another machine has the name: nothing of what was known is true of it.
  private mutating func nodeReplaced(_ number: NodeIndex, uid: String) {
    forgetTurn(number)
    let old = nodes[number]
    for index in old.statuses.indices { withdraw(number, status: index) }
    var new = NodeState(name: old.name)
    new.uid = uid
    new.busyWith = old.busyWith
    new.agent.presence = old.agent.presence
    new.pods = old.pods
    new.goneUIDs = old.goneUIDs
    nodes[number] = new
    records.nodeReplaced(number)
  }

  mutating func nodeRemoved(_ name: String) {
    guard let number = nodes.index(of: name) else { return }
    nodes[number].facts = nil
    nodes[number].busyWith = nil
    markDirty(number)
  }

  /// Takes a node away that is not there and has no pod.
  mutating func remove(_ number: NodeIndex) {
    for plan in records.nodeRemoved(number) { left(plan) }
    timers.set(.node(number), at: nil)
    nodes.remove(number)
  }

  mutating func nodeBusy(_ name: String, with pod: String?) {
    guard pod != nil || nodes.index(of: name) != nil else { return }
    let number = nodes.add(name)
    nodes[number].busyWith = pod
    markDirty(number)
  }

  // MARK: Prepulls

  /// The place under which a Prepull is kept, new or known. One that was not reported yet counts as gone.
  mutating func index(ofPlan id: PrepullID) -> PlanIndex {
    if let known = plans.index(of: id) { return known }
    let empty = FleetPlan(generation: 0, images: [], createdAt: .zero)
    return plans.add(
      PlanState(
        id: id, owner: imageTable.owner(id.key), plan: empty, access: imageTable.access(empty.access)))
  }

  mutating func prepullUpdated(_ id: PrepullID, _ plan: FleetPlan) {
    let number = index(ofPlan: id)
    let before = plans[number]
    guard before.isGone || before.plan != plan else { return }
    if !before.isGone { clearFailures(number, from: before.plan, to: plan) }
    withdrawAll(number)
    plans.setDeparting(number, false)
    var state = plans[number]
    state.plan = plan
    state.isGone = false
    state.isRemovalSeen = false
    state.access = imageTable.access(plan.access)
    state.choice = plan.nodes
    if limits.awaitsReadiness {
      state.choice.includeNotReady = true
      state.choice.includeCordoned = true
    }
    if let gate = plan.gate { state.choice.tolerations.append(TolerationRule(key: gate.taint)) }
    state.images = plan.images.map { imageTable.image($0.reference) }
    state.positions = Dictionary(zip(state.images, 0...)) { first, _ in first }
    state.registries = plan.images.map { imageTable.registry($0.registry) }
    for (image, registry) in zip(state.images, state.registries) { imageTable.setRegistry(registry, of: image) }
    state.accepted = plan.images.map { image in
      image.resolution.map { resolution in Set(resolution.knownDigests.map { imageTable.digest($0) }) }
    }
    state.wantedDigests = plan.images.map { image in image.resolution.map { imageTable.digest($0.digest) } }
    state.counts = PrepullCounts(images: plan.images.count)
    state.supported = [:]
    state.growth = SeedGrowth(seeds: plan.seeds)
    carryRefusals(from: before, to: &state)
    if before.plan.generation != plan.generation { state.creationBackoff = nil }
    state.isComplete = false
    plans[number] = state
    if let rules = plan.rollout { rollout.begin(number, rules) }
    plans.rank()
    chooseAgain()
    markDirty(number)
  }

  /// What an edit or a moved digest changes is tried again at once.
  private mutating func clearFailures(_ number: PlanIndex, from old: FleetPlan, to new: FleetPlan) {
    let owner = plans[number].owner
    if old.generation != new.generation {
      for node in nodes.indices where !nodes[node].failures.isEmpty || nodes[node].podBackoff != nil {
        if nodes[node].statuses.contains(where: { $0.plan == number }) { nodes[node].podBackoff = nil }
        clearFailures(node) { $0.owner == owner }
      }
      return
    }
    let former = Dictionary(old.images.map { ($0.reference, $0) }) { first, _ in first }
    let changed = new.images.filter { image in
      guard let before = former[image.reference] else { return false }
      let hasMoved = before.resolution != nil && before.resolution?.digest != image.resolution?.digest
      return hasMoved || (before.refusal != nil && image.refusal == nil)
    }
    let images = Set(changed.map { imageTable.image($0.reference) })
    guard !images.isEmpty else { return }
    for node in nodes.indices { clearFailures(node) { $0.owner == owner && images.contains($0.image) } }
  }

  /// Refusals hold on while nothing about their image changes.
  private func carryRefusals(from before: PlanState, to state: inout PlanState) {
    state.refusals = Refusals()
    guard !before.isGone, before.plan.generation == state.plan.generation else { return }
    for (position, image) in before.images.enumerated() {
      guard let new = state.positions[image], before.plan.images[position] == state.plan.images[new] else { continue }
      state.refusals.carry(new, from: before.refusals, at: position)
      state.counts.carryFailure(at: new, from: before.counts, at: position)
    }
  }

  mutating func prepullRemoved(_ id: PrepullID) {
    let number = index(ofPlan: id)
    guard !plans[number].isGone || !plans[number].isRemovalSeen else { return }
    plans[number].isGone = true
    plans[number].isRemovalSeen = true
    if plans[number].plan.gate != nil { plans.setDeparting(number, true) }
    markDirty(number)
    plans.rank()
    let owner = plans[number].owner
    for node in nodes.indices {
      let isChosen = nodes[node].statuses.contains { $0.plan == number }
      clearFailures(node) { $0.owner == owner }
      if isChosen {
        // Records that may name it are written again before it may go.
        leave(number, node)
        nodes[node].needsChoosing = true
      } else if records.exists(node), !records.isUpToDate(node) {
        awaitRecord(number, node)
      }
      if isChosen || nodes[node].pods.contains(where: { $0.plan == number }) { markDirty(node) }
    }
  }

  /// Has a record written without the Prepull that is gone.
  mutating func leave(_ plan: PlanIndex, _ node: NodeIndex) {
    guard records.exists(node) else { return }
    records.changed(node)
    awaitRecord(plan, node)
  }

  private mutating func awaitRecord(_ plan: PlanIndex, _ node: NodeIndex) {
    records.hold(plan, for: node)
    plans[plan].leaving += 1
    markDirty(node)
  }

  mutating func left(_ plan: PlanIndex) {
    plans[plan].leaving -= 1
    markDirty(plan)
  }

  private mutating func chooseAgain() {
    for node in nodes.indices where nodes[node].facts != nil {
      nodes[node].needsChoosing = true
      markDirty(node)
    }
  }

  /// Takes a plan off all nodes, before it becomes another.
  private mutating func withdrawAll(_ plan: PlanIndex) {
    for node in nodes.indices {
      guard let index = nodes[node].statuses.firstIndex(where: { $0.plan == plan }) else { continue }
      withdraw(node, status: index)
      nodes[node].statuses.remove(at: index)
      records.changed(node)
    }
  }
}

extension NodeRecord {
  func names(_ prepull: String) -> Bool {
    images.contains { image in
      image.wantedBy.contains(prepull) || image.failures.contains { $0.prepull == prepull }
    }
  }
}
