package import ImageModel

/// An image that the agent of a node shall hold.
package struct AgentWish: Hashable, Sendable {
  package let reference: String
  /// Any of them is right; nil when whatever the node holds is.
  package var digests: [String]?
  /// Whether it pulls again what it holds with another digest.
  package var refreshes: Bool
  package var timeout: Duration
  /// The Prepulls that want it, of higher priority first.
  package var prepulls: [PrepullID]

  /// The code of the failure of an image whose credentials only the kubelet can get.
  package static let needsKubelet = "needsKubelet"
}

/// What the agent of a node says of an image.
package struct AgentImage: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    /// No digest where the runtime states none.
    case held(Digest?)
    case lost
    /// It was lost too often, and the agent waits.
    case resting(WarmFailure, until: Duration?)
  }

  package let reference: String
  package let state: State

  package init(reference: String, state: State) {
    self.reference = reference
    self.state = state
  }
}

/// What agents of nodes are asked for, and what they say.
extension FleetMachine {
  mutating func noteAgent(_ node: FleetNode, of number: NodeIndex) {
    if nodes[number].hasDiskPressure != node.hasDiskPressure {
      nodes[number].hasDiskPressure = node.hasDiskPressure
      markDirty(number)
    }
    guard nodes[number].agent.presence != node.agent else { return }
    nodes[number].agent.presence = node.agent
    nodes[number].agent.since = now
    markDirty(number)
  }

  // MARK: Wishes

  /// What the agent of a node shall hold, in the order in which it is pulled: what it holds and what it was asked for, of
  /// the plans that have it pull. Nil when the node is not known.
  package func wishes(of name: String) -> [AgentWish]? {
    nodes.index(of: name).flatMap { nodes[$0].facts == nil ? nil : wishes(of: $0) }
  }

  /// Which images of which plans are wished, by position: what the agent holds, and what it was asked for.
  private func wished(on node: NodeIndex) -> [(plan: PlanIndex, position: Int)] {
    let state = nodes[node]
    var wished: [(plan: PlanIndex, position: Int)] = []
    for status in state.statuses where !status.isUnsupported {
      let plan = plans[status.plan]
      // While an agent starts, or is away, its wishes stay as they are.
      guard case .agent = plan.plan.engine, !plan.isGone else { continue }
      for (position, image) in plan.images.enumerated() {
        guard state.agent.ordered.contains(image) || state.held.contains(image: image),
          !state.leavesToKubelet(image, plan.plan.engine)
        else { continue }
        wished.append((status.plan, position))
      }
    }
    return wished
  }

  /// Whether the agent pulls again what it holds with another digest: when it is ordered, as a tag that moved is a rollout
  /// like the first one, within the same limits, and not for all agents at once.
  private func refreshes(_ position: Int, of plan: PlanIndex, on node: NodeIndex) -> Bool {
    let state = plans[plan]
    guard state.repairs else { return false }
    let image = state.images[position]
    let held = nodes[node].held[HeldImages.Key(image: image, access: state.access)]
    if held.map({ state.accepts($0.digest, at: position) }) ?? true { return true }
    return nodes[node].pods.contains { pod in
      pod.isOfAgent && (pod.stage == .asked || pod.stage == .live) && pod.images.contains { $0.number == image }
    }
  }

  private func wishes(of node: NodeIndex) -> [AgentWish] {
    var wishes: [AgentWish] = []
    var places: [ImageNumber: Int] = [:]
    for (index, position) in wished(on: node) {
      let plan = plans[index]
      let image = plan.images[position]
      let digests = plan.accepted[position].map { Set($0.map { imageTable.digests[$0].description }) }
      guard let place = places[image] else {
        places[image] = wishes.count
        wishes.append(
          AgentWish(
            reference: imageTable.references[image], digests: digests?.sorted(),
            refreshes: refreshes(position, of: index, on: node),
            timeout: plan.plan.timeout, prepulls: [plan.id]))
        continue
      }
      if let other = wishes[place].digests { wishes[place].digests = digests?.union(other).sorted() }
      wishes[place].refreshes = wishes[place].refreshes || refreshes(position, of: index, on: node)
      wishes[place].timeout = max(wishes[place].timeout, plan.plan.timeout)
      wishes[place].prepulls.append(plan.id)
    }
    return wishes
  }

  /// Equal wishes have equal hashes, in one process; without their texts, as this is asked at each event of a node.
  private func wishHash(of node: NodeIndex) -> Int {
    var hasher = Hasher()
    for (index, position) in wished(on: node) {
      let plan = plans[index]
      hasher.combine(plan.owner)
      hasher.combine(plan.images[position])
      hasher.combine(plan.accepted[position])
      hasher.combine(refreshes(position, of: index, on: node))
      hasher.combine(plan.plan.timeout)
    }
    return hasher.finalize()
  }

  /// Has the agent told when its wishes changed.
  mutating func tellWishes(_ node: NodeIndex) {
    let concernsAgents = nodes[node].statuses.contains {
      if case .agent = plans[$0.plan].plan.engine { true } else { false }
    }
    guard concernsAgents || nodes[node].agent.toldHash != NodeAgentState.noWishes else { return }
    if nodes[node].agent.ordered.contains(where: { agentPlans(of: $0, on: node).isEmpty }) {
      nodes[node].agent.ordered = nodes[node].agent.ordered.filter { !agentPlans(of: $0, on: node).isEmpty }
    }
    let hash = wishHash(of: node)
    guard nodes[node].agent.toldHash != hash else { return }
    nodes[node].agent.toldHash = hash
    actions.append(.wishes(node: nodes[node].name))
  }

  // MARK: What they say

  mutating func agentSaid(_ name: String, _ uid: String, _ images: [AgentImage]) {
    guard let node = nodes.index(of: name), nodes[node].uid == uid else { return }
    for image in images {
      guard let number = imageTable.references.known(image.reference) else { continue }
      // Of what it was asked for just now, it says more elsewhere.
      let isAsked = nodes[node].pods.contains { pod in
        pod.isOfAgent && (pod.stage == .asked || pod.stage == .live) && pod.images.contains { $0.number == number }
      }
      if isAsked { continue }
      switch image.state {
      case .held(let digest): agentHolds(number, digest, on: node)
      case .lost: agentLost(number, on: node, nil)
      case .resting(let failure, let retryAt): agentLost(number, on: node, (failure, retryAt))
      }
    }
  }

  /// The plans that have this node's agent hold an image.
  private func agentPlans(of image: ImageNumber, on node: NodeIndex) -> [PlanIndex] {
    nodes[node].statuses.map(\.plan).filter { plan in
      guard case .agent = plans[plan].plan.engine else { return false }
      return plans[plan].positions[image] != nil
    }
  }

  private mutating func agentHolds(_ image: ImageNumber, _ digest: Digest?, on node: NodeIndex) {
    let number = digest.map { imageTable.digest($0) } ?? HeldImages.unstated
    for plan in agentPlans(of: image, on: node) {
      let key = HeldImages.Key(image: image, access: plans[plan].access)
      let owner = plans[plan].owner
      if nodes[node].failures[FailureKey(owner: owner, image: image)] != nil {
        clearFailures(node) { $0.owner == owner && $0.image == image }
      }
      guard nodes[node].held[key].map({ $0.digest != number }) ?? true else { continue }
      let before = nodes[node].held[key]
      nodes[node].held.set(
        HeldImages.Entry(
          key: key, digest: number, pullSeconds: before?.pullSeconds ?? -1, bytes: before?.bytes ?? -1,
          since: now.milliseconds))
      records.changed(node)
      nodes[node].checks.proved(at: now)
      markDirty(node)
    }
  }

  private mutating func agentLost(
    _ image: ImageNumber, on node: NodeIndex, _ rest: (failure: WarmFailure, until: Duration?)?
  ) {
    let wanting = agentPlans(of: image, on: node)
    if nodes[node].held.contains(image: image) {
      for entry in nodes[node].held[image: image] { forgetImage(entry.key, on: node) }
      for plan in wanting { noteLoss(of: image, on: node, for: plans[plan].id) }
      markDirty(node)
    }
    if let rest { leave(image, alone: rest.failure, until: rest.until, on: node, for: wanting) }
  }

  // MARK: Losses

  mutating func noteLoss(of image: ImageNumber, on node: NodeIndex, for prepull: PrepullID) {
    let recent = (nodes[node].losses[image] ?? []).filter { $0 > now - limits.lossPeriod }
    nodes[node].losses[image] = recent.suffix(limits.lossesToRest) + [now]
    let reference = imageTable.references[image]
    actions.append(.report(.imageLost(prepull, node: nodes[node].name, reference: reference)))
  }

  /// An image is missing again. Who loses it time and again is left alone for a while, as its kubelet is at odds with us.
  mutating func restAfterLosses(_ image: ImageNumber, on node: NodeIndex) {
    let recent = (nodes[node].losses[image] ?? []).count { $0 > now - limits.lossPeriod }
    guard recent + 1 >= limits.lossesToRest else { return }
    let failure = WarmFailure(
      code: "keepsVanishing", detail: "the node lost it \(recent + 1) times within an hour",
      remedy: "Its kubelet collects it for want of disk: free space there, or want fewer images on this node.")
    let wanting = nodes[node].statuses.map(\.plan).filter { plans[$0].positions[image] != nil }
    leave(image, alone: failure, until: now + limits.lossBackOff, on: node, for: wanting)
  }

  /// Has nobody try an image on a node before its time.
  private mutating func leave(
    _ image: ImageNumber, alone failure: WarmFailure, until: Duration?, on node: NodeIndex, for wanting: [PlanIndex]
  ) {
    let reason = ImageFailure(failure: failures.share(failure), nature: .passing)
    for plan in wanting {
      let key = FailureKey(owner: plans[plan].owner, image: image)
      nodes[node].failures[key] = Backoff(reason: reason, tries: 1, retryAt: until)
    }
    records.changed(node)
    markDirty(node)
  }
}
