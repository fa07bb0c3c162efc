import ImageModel

/// What is seen of our pods.
extension FleetMachine {
  func position(of id: FleetPod.ID) -> (node: NodeIndex, pod: Int)? {
    guard let node = nodes.index(of: id.node), let pod = nodes[node].pods.firstIndex(where: { $0.id == id }) else {
      return nil
    }
    return (node, pod)
  }

  // MARK: Creation

  mutating func podCreated(_ id: FleetPod.ID, uid: String) {
    guard let (node, index) = position(of: id), nodes[node].pods[index].stage == .asked,
      !nodes[node].goneUIDs.contains(uid)
    else { return }
    nodes[node].pods[index].uid = uid
    confirmCreation(node, index)
    plans[nodes[node].pods[index].plan].creationBackoff = nil
  }

  private mutating func confirmCreation(_ node: NodeIndex, _ index: Int) {
    guard nodes[node].pods[index].stage == .asked else { return }
    nodes[node].pods[index].stage = .live
    nodes[node].pods[index].createAt = nil
    nodes[node].pods[index].createdAt = now
    // No scheduler stands before an agent.
    if nodes[node].pods[index].isOfAgent { nodes[node].pods[index].isScheduled = true }
    let plan = nodes[node].pods[index].plan
    plans[plan].asking -= 1
    markDirty(plan)
    markDirty(node)
  }

  mutating func podRefused(_ id: FleetPod.ID, _ failure: CreationFailure) {
    guard let (node, index) = position(of: id), nodes[node].pods[index].stage == .asked else { return }
    let plan = nodes[node].pods[index].plan
    markDirty(node)
    switch failure {
    case .passing(let wait): nodes[node].pods[index].createAt = now + wait
    case .crowded(let failure) where isRollout(plan): rolloutPodRefused(id, failure, isCrowded: true)
    case .final(let failure) where isRollout(plan): rolloutPodRefused(id, failure, isCrowded: false)
    case .crowded(let failure):
      // There is room again when others of ours are gone, or when somebody makes it.
      delayCreation(plan, failure) { _ in .seconds(10) }
      removePod(node, index)
    case .final(let failure):
      let limits = limits
      delayCreation(plan, failure) { limits.wait(after: $0) }
      removePod(node, index)
    }
  }

  private mutating func delayCreation(_ plan: PlanIndex, _ failure: WarmFailure, wait: (Int) -> Duration) {
    plans[plan].creationBackoff = Backoff(failure, after: plans[plan].creationBackoff, at: now, wait: wait)
    markDirty(plan)
  }

  // MARK: Sight

  mutating func podUpdated(_ pod: FleetPod) {
    let node = nodes.add(pod.id.node)
    markDirty(node)
    // The answer of a call may come after the events of the watch.
    guard !nodes[node].goneUIDs.contains(pod.uid) else { return }
    var known = nodes[node].pods.firstIndex { $0.id == pod.id }
    if let index = known, let uid = nodes[node].pods[index].uid, uid != pod.uid {
      // The one that had the name is gone.
      podLost(node, index)
      known = nil
    }
    guard let index = known else { return adopt(pod, on: node) }
    nodes[node].pods[index].uid = pod.uid
    if nodes[node].pods[index].stage == .asked {
      confirmCreation(node, index)
      plans[nodes[node].pods[index].plan].creationBackoff = nil
      nodes[node].pods[index].createdAt = pod.createdAt
      if let access = pod.access { nodes[node].pods[index].access = imageTable.access(access) }
      let references = imageTable.references
      if nodes[node].pods[index].images.map({ references[$0.number] }) != pod.images.map(\.reference) {
        // It was made by the controller that led before this one.
        nodes[node].pods[index].images = images(of: pod)
      }
    }
    read(pod, node, index)
  }

  /// Takes over a pod that this machine did not ask for.
  private mutating func adopt(_ pod: FleetPod, on node: NodeIndex) {
    let plan = index(ofPlan: pod.id.prepull)
    let images = images(of: pod)
    let live = LivePod(
      id: pod.id, plan: plan, purpose: pod.purpose, isOfAgent: pod.isOfAgent,
      access: pod.access.map { imageTable.access($0) } ?? plans[plan].access, uid: pod.uid, images: images,
      registries: pod.purpose == .pull ? registries(of: pod) : [], stage: pod.isBeingDeleted ? .deleting : .live,
      createdAt: pod.createdAt, progressAt: now)
    plans[plan].pods += 1
    nodes[node].pods.append(live)
    let index = nodes[node].pods.count - 1
    if !pod.isBeingDeleted { count(node, index) }
    read(pod, node, index)
  }

  private mutating func images(of pod: FleetPod) -> [LivePod.Image] {
    pod.images.map { LivePod.Image(number: imageTable.image($0.reference), policy: $0.policy) }
  }

  private mutating func registries(of pod: FleetPod) -> [RegistryNumber] {
    let numbers = pod.images.map { imageTable.registry(ofReference: $0.reference) }
    return Set(numbers).sorted()
  }

  /// Takes in what a pod says.
  private mutating func read(_ pod: FleetPod, _ node: NodeIndex, _ index: Int) {
    let held = nodes[node].pods[index].read(pod, table: imageTable, at: now)
    let live = nodes[node].pods[index]
    // A late report of a machine that is gone says nothing of the one that has its name.
    guard live.id.nodeUID == nodes[node].uid || nodes[node].uid.isEmpty else { return }
    for image in held { imageFound(live.images[image], by: live, on: node) }
    if isRollout(live.plan) {
      readFailures(of: live, on: node)
    } else if live.purpose == .verify {
      takeProofs(of: live, on: node)
    }
  }

  // MARK: Loss

  mutating func podRemoved(_ id: FleetPod.ID, uid: String?) {
    rollout.podGone(id.serial)
    guard let (node, index) = position(of: id) else { return }
    let pod = nodes[node].pods[index]
    let isMeant = pod.stage == .deleting && (uid == nil || pod.uid == nil) || (uid != nil && uid == pod.uid)
    guard isMeant else { return }
    markDirty(node)
    podLost(node, index)
  }

  private mutating func podLost(_ node: NodeIndex, _ index: Int) {
    if isRollout(nodes[node].pods[index].plan) { return retry(node, "its pod was deleted by somebody else") }
    if nodes[node].pods[index].stage == .live { rest(node, nodes[node].pods[index], "its pod was deleted by somebody") }
    removePod(node, index)
  }

  /// The node has room for another pod.
  mutating func removePod(_ node: NodeIndex, _ index: Int) {
    uncount(node, index)
    let pod = nodes[node].pods.remove(at: index)
    if let uid = pod.uid { nodes[node].goneUIDs = nodes[node].goneUIDs.suffix(3) + [uid] }
    plans[pod.plan].pods -= 1
    if pod.stage == .asked { plans[pod.plan].asking -= 1 }
    markDirty(pod.plan)
    markDirty(node)
  }

  /// Lets a node be for a while after it did not take a pod, or lost it.
  mutating func rest(_ node: NodeIndex, _ pod: LivePod, _ reason: String) {
    let backoff = Backoff(reason, after: nodes[node].podBackoff, at: now, wait: limits.wait)
    nodes[node].podBackoff = backoff
    nodes[node].lostPods[pod.plan, default: 0] += 1
    plans[pod.plan].blockedExample = "\(nodes[node].name): \(reason)"
    actions.append(
      .report(.podLost(pod.id.prepull, node: nodes[node].name, reason: reason, retryAt: backoff.retryAt ?? now)))
  }
}
