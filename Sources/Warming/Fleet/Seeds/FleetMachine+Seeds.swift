import ImageModel
import Kubernetes

/// Images that a few nodes pull first, and then more and more.
extension FleetMachine {
  // MARK: Roles

  /// Takes in what a node does about the images of a plan that has seeds.
  mutating func noteSeeds(_ node: NodeIndex, status index: Int) {
    let status = nodes[node].statuses[index]
    guard plans[status.plan].growth.isOn else { return }
    let new = roles(status, node)
    guard new != status.roles else { return }
    for (position, role) in new.enumerated() {
      let old = position < status.roles.count ? status.roles[position] : .none
      let place = SeedGrowth.Place(platform: status.platform, position: position)
      plans[status.plan].growth.change(node, at: place, from: old, to: role)
    }
    nodes[node].statuses[index].roles = new
    markDirty(status.plan)
  }

  mutating func noteSeeds(_ node: NodeIndex, of plan: PlanIndex) {
    if let index = nodes[node].statuses.firstIndex(where: { $0.plan == plan }) { noteSeeds(node, status: index) }
  }

  /// Takes a status out of the growth of its plan.
  mutating func withdrawSeeds(_ node: NodeIndex, _ status: Status) {
    for (position, role) in status.roles.enumerated() {
      let place = SeedGrowth.Place(platform: status.platform, position: position)
      plans[status.plan].growth.change(node, at: place, from: role, to: .none)
    }
  }

  /// By image of the plan. The copies of plan and node are gone when it returns, so that nothing is copied for a change.
  private func roles(_ status: Status, _ node: NodeIndex) -> [SeedRole] {
    let (plan, state) = (plans[status.plan], nodes[node])
    return plan.images.indices.map { role(of: $0, status, plan, state) }
  }

  private func role(of position: Int, _ status: Status, _ plan: PlanState, _ state: NodeState) -> SeedRole {
    guard !status.isUnsupported, let facts = state.facts,
      // A machine that is not ready may be gone. A run that includes such nodes asks for no more of them.
      facts.isReady || !limits.awaitsReadiness && plan.choice.includeNotReady
    else { return .none }
    let image = plan.images[position]
    if let held = state.held[HeldImages.Key(image: image, access: plan.access)], plan.accepts(held.digest, at: position)
    {
      return .holder
    }
    for pod in state.pods where pod.purpose == .pull && (pod.stage == .asked || pod.stage == .live) {
      guard let report = pod.images.first(where: { $0.number == image })?.report, !pod.isBeingDeleted else { continue }
      switch report {
      case .waiting: return pod.unschedulable != nil && !pod.isScheduled ? .none : .pulling
      case .failing(_, let nature, _): return role(of: nature, isOver: false)
      case .held, .unclear: break
      }
    }
    guard let failure = state.failures[FailureKey(owner: plan.owner, image: image)] else { return .none }
    if isRollout(status.plan) {
      // A node that is slow by itself is not told from an image that is slow everywhere: a further seed shows it.
      let isTimeOut = failure.failure.code == "timedOut"
      return role(of: isTimeOut ? .passing : failure.nature, isOver: true)
    }
    // Its place is another one's when it counts as failed, or cannot try again for now.
    guard !failure.isFailure(in: plan.plan), state.isReachable(at: now, limits), !state.hasDiskPressure,
      !(state.podBackoff?.isWaiting(at: now) ?? false)
    else { return .none }
    switch state.means(of: plan.plan.engine, at: now, limits) {
    case .kubelet, .agent: return role(of: failure.nature, isOver: false)
    case .awaited, .none: return .none
    }
  }

  private func role(of nature: FailureNature, isOver: Bool) -> SeedRole {
    switch nature {
    case .final: isOver ? .gaveUpFinally : .refused
    case .passing: isOver ? .gaveUp : .stumbling
    // What is wrong is the node's own: another one takes its place.
    case .local: .none
    }
  }

  // MARK: Who may

  /// Whether a node may pull an image now, by the growth of its plan.
  func admitsSeed(_ position: Int, of plan: PlanIndex, on node: NodeIndex) -> Bool {
    guard plans[plan].growth.isOn, let status = nodes[node].statuses.first(where: { $0.plan == plan }) else {
      return true
    }
    // Who is at it has its place.
    if position < status.roles.count, status.roles[position] == .pulling { return true }
    let image = SeedWishes.Image(position: position, isAgain: hasFailed(position, of: plan, on: node))
    return plans[plan].growth.admits(image, on: status.platform)
  }

  private func hasFailed(_ position: Int, of plan: PlanIndex, on node: NodeIndex) -> Bool {
    nodes[node].failures[FailureKey(owner: plans[plan].owner, image: plans[plan].images[position])] != nil
  }

  /// What a node waits for; nil where it need not wait.
  func seedWishes(_ positions: [Int], of plan: PlanIndex, on node: NodeIndex) -> SeedWishes? {
    guard plans[plan].growth.isOn, !positions.isEmpty, !positions.contains(where: { isExempt($0, of: plan, on: node) }),
      let status = nodes[node].statuses.first(where: { $0.plan == plan })
    else { return nil }
    return SeedWishes(
      platform: status.platform,
      images: positions.map {
        SeedWishes.Image(position: $0, isAgain: hasFailed($0, of: plan, on: node))
      })
  }

  /// Nodes that a gate keeps back do not wait for seeds, nor does the one that tries an image which is refused.
  private func isExempt(_ position: Int, of plan: PlanIndex, on node: NodeIndex) -> Bool {
    nodes[node].isGated || plans[plan].refusals.isRefused(position)
  }

  /// Of the images that are due on a node, those that it may pull now.
  func admitted(_ positions: [Int], of plan: PlanIndex, on node: NodeIndex) -> [Int] {
    guard plans[plan].growth.isOn else { return positions }
    return positions.filter { isExempt($0, of: plan, on: node) || admitsSeed($0, of: plan, on: node) }
  }

  // MARK: Who is first

  /// By which nodes become seeds of an image that nobody holds: spread over the zones, the emptiest and newest last.
  func seedRanks(of plan: PlanIndex) -> (NodeQueue.Lane) -> ((NodeIndex) -> SeedRank)? {
    let (growth, nodes) = (plans[plan].growth, nodes)
    return { lane in
      guard let wishes = lane.seeds, let place = growth.first(of: wishes), growth[place].holders == 0 else {
        return nil
      }
      var zones: [String: Int] = [:]
      for member in growth[place].members { zones[nodes[member].facts?.zone ?? "", default: 0] += 1 }
      return { node in
        let state = nodes[node]
        let isFit = state.facts.map { $0.isReady && $0.isSchedulable } ?? false
        return SeedRank(
          isPoor: !isFit, seedsInZone: zones[state.facts?.zone ?? ""] ?? 0, images: state.listedImages,
          madeAt: state.madeAt, name: state.name)
      }
    }
  }

  // MARK: Who waits

  /// The nodes of a plan that wait for seeds; nil when none does.
  func seedWait(of plan: PlanIndex) -> SeedWait? {
    let state = plans[plan]
    guard state.growth.isOn, state.begins else { return nil }
    var waiting: [SeedGrowth.Place: Int] = [:]
    var total = 0
    for (lane, count) in state.queue.counts {
      guard let wishes = lane.seeds, let first = wishes.images.first, state.growth.first(of: wishes) == nil else {
        continue
      }
      total += count
      waiting[SeedGrowth.Place(platform: wishes.platform, position: first.position), default: 0] += count
    }
    let most = waiting.max { ($0.value, -$0.key.position) < ($1.value, -$1.key.position) }
    guard let place = most?.key else { return nil }
    let (image, stage) = (state.images[place.position], state.growth[place])
    let key = FailureKey(owner: state.owner, image: image)
    return SeedWait(
      nodes: total, reference: imageTable.references[image], holders: stage.holders, pulling: stage.pulling.count,
      failure: stage.holders > 0 ? nil : stage.failing.keys.min().flatMap { nodes[$0].failures[key]?.failure })
  }

  // MARK: Rollouts

  /// Gives up, on the nodes that wait, what no seed could get: a bad image is found by the seeds alone.
  mutating func giveUpSpoiled(_ plan: PlanIndex) {
    for place in plans[plan].growth.spoiled {
      let key = FailureKey(owner: plans[plan].owner, image: plans[plan].images[place.position])
      let members = plans[plan].growth[place].members
      guard let seed = members.first, let known = nodes[seed].failures[key] else { continue }
      let names = members.map { nodes[$0].name }
      let others = names.count == 1 ? "" : " and \(names.count - 1) more"
      let failure = WarmFailure(
        code: known.failure.code,
        detail: "not tried, as it failed on the seed\(names.count == 1 ? "" : "s") \(names[0])\(others): "
          + known.failure.detail, remedy: known.failure.remedy, isUntried: true)
      for node in rollout.order {
        guard let turn = rollout[node], turn.outcome == nil, !turn.isSettled(place.position),
          !members.contains(node), nodes[node].statuses.first(where: { $0.plan == plan })?.platform == place.platform
        else { continue }
        // It is no failure of this node's: nobody is to count it as one.
        giveUp(place.position, on: node, ImageFailure(failure: failures.share(failure), nature: .local))
      }
    }
  }

  /// Tells how many nodes wait for seeds, when that changed.
  mutating func tellSeedWait(_ plan: PlanIndex) {
    guard plans[plan].growth.isOn else { return }
    let wait = rollout.stopped == nil ? seedWait(of: plan) : nil
    if rollout.tell(wait) { actions.append(.rollout(.seedWait(wait))) }
  }
}
