import Kubernetes
import ImageModel

/// Nodes and Prepulls come, change and go.
extension FleetMachine {
  // MARK: Nodes

  /// The number under which a node's name is kept, new or known.
  mutating func number(ofNode name: String) -> Int {
    if let known = nodeNumbers[name] { return known }
    let number: Int
    if let free = freeNodes.popLast() {
      number = free
      nodes[number] = NodeState(name: name)
    } else {
      number = nodes.count
      nodes.append(NodeState(name: name))
    }
    nodeNumbers[name] = number
    return number
  }

  mutating func see(_ node: FleetNode) {
    let number = number(ofNode: node.facts.name)
    let isOther = nodes[number].uid != node.facts.uid
    if isOther { forget(number, uid: node.facts.uid) }
    let before = nodes[number].facts
    if before != node.facts || nodes[number].createdAt != node.createdAt {
      nodes[number].facts = node.facts
      nodes[number].createdAt = node.createdAt
      nodes[number].needsChoosing = true
      if node.facts.isReady, nodes[number].awaitsReadiness {
        nodes[number].awaitsReadiness = false
        nodes[number].rest = nil
      }
      touch(number)
    }
    if !nodes[number].bootID.isEmpty, nodes[number].bootID != node.bootID { suspect(number) }
    nodes[number].bootID = node.bootID
    nodes[number].markedWarm = nodes[number].markedWarm ?? node.isMarkedWarm
    compareList(node.listed, of: number)
  }

  /// Another machine has the name: nothing of what was known is true of it.
  private mutating func forget(_ number: Int, uid: String) {
    let old = nodes[number]
    for index in old.standings.indices { withdraw(number, standing: index) }
    var new = NodeState(name: old.name)
    new.uid = uid
    new.busyWith = old.busyWith
    new.pods = old.pods
    new.goneUIDs = old.goneUIDs
    new.isRecorded = old.isRecorded
    new.serial = old.serial
    new.askedSerial = old.askedSerial
    new.recordedSerial = old.recordedSerial
    new.leaving = old.leaving
    new.wakeAt = old.wakeAt
    new.isTouched = old.isTouched
    nodes[number] = new
    // What is stored is about the machine that is gone.
    if old.isRecorded { bump(number) }
  }

  mutating func lose(_ name: String) {
    guard let number = nodeNumbers[name] else { return }
    nodes[number].facts = nil
    nodes[number].busyWith = nil
    touch(number)
  }

  /// Takes a node away that is not there and has no pod.
  mutating func remove(_ number: Int) {
    for entry in nodes[number].leaving { left(entry.plan) }
    nodeNumbers[nodes[number].name] = nil
    nodes[number] = NodeState(name: "")
    freeNodes.append(number)
  }

  mutating func setBusy(_ name: String, by pod: String?) {
    guard pod != nil || nodeNumbers[name] != nil else { return }
    let number = number(ofNode: name)
    nodes[number].busyWith = pod
    touch(number)
  }

  // MARK: Prepulls

  /// The number under which a Prepull is kept, new or known. One that nobody told of yet counts as gone.
  mutating func number(ofPlan id: PrepullID) -> Int {
    if let known = planNumbers[id] { return known }
    let empty = FleetPlan(generation: 0, images: [], createdAt: .zero)
    let state = PlanState(
      id: id, owner: owners.number(of: id.key), plan: empty, access: accesses.number(of: empty.access))
    let number: Int
    if let free = freePlans.popLast() {
      number = free
      plans[number] = state
    } else {
      number = plans.count
      plans.append(state)
    }
    planNumbers[id] = number
    markDirty(number)
    return number
  }

  mutating func markDirty(_ plan: Int) {
    guard !plans[plan].isDirty else { return }
    plans[plan].isDirty = true
    dirtyPlans.append(plan)
  }

  mutating func take(_ plan: FleetPlan, of id: PrepullID) {
    let number = number(ofPlan: id)
    let before = plans[number]
    guard before.isGone || before.plan != plan else { return }
    if !before.isGone { clearTroubles(number, from: before.plan, to: plan) }
    withdrawAll(number)
    departing.remove(number)
    var state = plans[number]
    state.plan = plan
    state.isGone = false
    state.isTold = false
    state.access = accesses.number(of: plan.access)
    state.choice = plan.nodes
    state.choice.includeNotReady = true
    state.choice.includeCordoned = true
    if let gate = plan.gate { state.choice.tolerations.append(TolerationRule(key: gate.taint)) }
    state.images = plan.images.map { intern($0.reference) }
    state.positions = Dictionary(zip(state.images, 0...)) { first, _ in first }
    state.registries = plan.images.map { registries.number(of: $0.registry) }
    for (image, registry) in zip(state.images, state.registries) { registryNumbers[image] = registry }
    state.accepted = plan.images.map { image in
      image.resolution.map { resolution in Set(resolution.knownDigests.map { digests.number(of: $0) }) }
    }
    state.wantedDigests = plan.images.map { image in image.resolution.map { digests.number(of: $0.digest) } }
    state.counts = plan.images.map { _ in [Int](repeating: 0, count: Cell.State.allCases.count) }
    state.finals = plan.images.map { _ in [] }
    state.supported = [:]
    carryRefusals(from: before, to: &state)
    if before.plan.generation != plan.generation { state.obstacle = nil }
    state.isComplete = false
    plans[number] = state
    rank()
    chooseAgain()
    markDirty(number)
  }

  /// What an edit or a moved digest changes is tried again at once.
  private mutating func clearTroubles(_ number: Int, from old: FleetPlan, to new: FleetPlan) {
    let owner = plans[number].owner
    if old.generation != new.generation {
      for node in nodes.indices where !nodes[node].troubles.isEmpty || nodes[node].rest != nil {
        nodes[node].rest = nil
        clearTroubles(node) { $0.owner == owner }
      }
      return
    }
    let former = Dictionary(old.images.map { ($0.reference, $0) }) { first, _ in first }
    let changed = new.images.filter { image in
      guard let before = former[image.reference] else { return false }
      let hasMoved = before.resolution != nil && before.resolution?.digest != image.resolution?.digest
      return hasMoved || (before.refusal != nil && image.refusal == nil)
    }
    let images = Set(changed.map { intern($0.reference) })
    guard !images.isEmpty else { return }
    for node in nodes.indices { clearTroubles(node) { $0.owner == owner && images.contains($0.image) } }
  }

  /// Refusals hold on while nothing about their image changes.
  private func carryRefusals(from before: PlanState, to state: inout PlanState) {
    state.refusals = [:]
    state.lifted = []
    state.lastFailures = [:]
    guard !before.isGone, before.plan.generation == state.plan.generation else { return }
    for (position, image) in before.images.enumerated() {
      guard let new = state.positions[image], before.plan.images[position] == state.plan.images[new] else { continue }
      state.refusals[new] = before.refusals[position]
      state.lastFailures[new] = before.lastFailures[position]
      if before.lifted.contains(position) { state.lifted.insert(new) }
    }
  }

  mutating func drop(_ id: PrepullID) {
    let number = number(ofPlan: id)
    guard !plans[number].isGone || !plans[number].isTold else { return }
    plans[number].isGone = true
    plans[number].isTold = true
    if plans[number].plan.gate != nil { departing.insert(number) }
    markDirty(number)
    rank()
    let owner = plans[number].owner
    for node in nodes.indices {
      let isChosen = nodes[node].standings.contains { $0.plan == number }
      clearTroubles(node) { $0.owner == owner }
      if isChosen {
        // Records that may name it are written anew before it may go.
        leave(number, node)
        nodes[node].needsChoosing = true
      } else if nodes[node].isRecorded, nodes[node].serial > nodes[node].recordedSerial {
        awaitRecord(number, node)
      }
      if isChosen || nodes[node].pods.contains(where: { $0.plan == number }) { touch(node) }
    }
  }

  /// Has a record written without the Prepull that is gone.
  mutating func leave(_ plan: Int, _ node: Int) {
    guard nodes[node].isRecorded else { return }
    bump(node)
    awaitRecord(plan, node)
  }

  private mutating func awaitRecord(_ plan: Int, _ node: Int) {
    nodes[node].leaving.append((plan, nodes[node].serial))
    plans[plan].leaving += 1
    touch(node)
  }

  mutating func left(_ plan: Int) {
    plans[plan].leaving -= 1
    markDirty(plan)
  }

  private mutating func rank() {
    ranked = plans.indices.filter { !plans[$0].isGone }.sorted { one, other in
      let (one, other) = (plans[one], plans[other])
      return (-one.plan.priority, one.plan.createdAt, one.id.key, one.id.uid)
        < (-other.plan.priority, other.plan.createdAt, other.id.key, other.id.uid)
    }
  }

  private mutating func chooseAgain() {
    for node in nodes.indices where nodes[node].facts != nil {
      nodes[node].needsChoosing = true
      touch(node)
    }
  }

  /// Takes a plan off all nodes, before it becomes another.
  private mutating func withdrawAll(_ plan: Int) {
    for node in nodes.indices {
      guard let index = nodes[node].standings.firstIndex(where: { $0.plan == plan }) else { continue }
      withdraw(node, standing: index)
      nodes[node].standings.remove(at: index)
      bump(node)
    }
  }

  /// The number of a reference; nodes may list it under several names.
  mutating func intern(_ reference: String) -> Int32 {
    if let known = references.known(reference) { return known }
    let number = references.number(of: reference)
    var names: Set = [reference]
    if let parsed = try? Reference(parsing: reference) { names.formUnion([parsed.description, parsed.familiar]) }
    for name in names { listedNames[name, default: []].append(number) }
    return number
  }
}

extension NodeRecord {
  func names(_ prepull: String) -> Bool {
    images.contains { image in
      image.wantedBy.contains(prepull) || image.failures.contains { $0.prepull == prepull }
    }
  }
}
