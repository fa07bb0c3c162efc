import ImageModel

/// What follows for a Prepull as a whole from how its nodes stand.
extension FleetMachine {
  mutating func reviewPlans() {
    while let plan = dirtyPlans.popLast() {
      plans[plan].isDirty = false
      guard !plans[plan].isFree else { continue }
      if plans[plan].isGone {
        clear(plan)
      } else {
        reviewRefusals(plan)
        reviewOutcome(plan)
        setAlarm(plan: plan, at: nextReview(of: plan))
        changedPlans.insert(plan)
      }
    }
  }

  mutating func tellSummaries() {
    for plan in changedPlans.sorted() where !plans[plan].isGone { actions.append(.summary(plans[plan].id)) }
    changedPlans = []
  }

  /// Ends a Prepull that is gone when nothing of it is left.
  private mutating func clear(_ plan: Int) {
    guard isSynced, plans[plan].pods == 0, plans[plan].leaving == 0 else { return }
    if plans[plan].isTold { actions.append(.cleared(plans[plan].id)) }
    departing.remove(plan)
    planNumbers[plans[plan].id] = nil
    plans[plan].isFree = true
    plans[plan].wakeAt = nil
    plans[plan].queue = [:]
    freePlans.append(plan)
  }

  private func nextReview(of plan: Int) -> Duration? {
    let state = plans[plan]
    var due = state.refusals.values.map(\.probeAt).filter { $0 > now }.min()
    if let obstacle = state.obstacle, obstacle.until > now { due = earliest(due, obstacle.until) }
    return due
  }

  // MARK: Outcome

  private mutating func reviewOutcome(_ plan: Int) {
    let state = plans[plan]
    let isPaused = state.failing > state.failuresAllowed
    if isPaused != state.isPaused {
      plans[plan].isPaused = isPaused
      actions.append(
        .tell(isPaused ? .paused(state.id, failed: state.failing, wanted: state.wanted) : .resumed(state.id)))
    }
    guard state.plan.mode == .once, !state.isComplete, !state.plan.isFinished, !state.plan.isSuspended else { return }
    guard state[.pending] == 0, state[.pulling] == 0, state.pods == 0 else { return }
    plans[plan].isComplete = true
    actions.append(.tell(.completed(state.id)))
  }

  // MARK: Refusals

  private mutating func reviewRefusals(_ plan: Int) {
    let threshold = min(limits.nodesToRefuse, max(1, plans[plan].wanted))
    for position in plans[plan].images.indices {
      // Nodes may have credentials of their own: who has it shows that the registry gives it.
      let isGiven =
        plans[plan].lifted.contains(position) || plans[plan].counts[position][Int(Cell.State.warm.rawValue)] > 0
      let registrys = isGiven ? nil : plans[plan].plan.images[position].refusal
      if let refusal = plans[plan].refusals[position] {
        // It stands until a node gets the image, or somebody changes something.
        if registrys == nil, plans[plan].finals[position].isEmpty, refusal.node == nil { lift(position, of: plan) }
      } else if let failure = registrys {
        refuse(position, of: plan, failure, probeAt: now)
      } else if plans[plan].finals[position].count >= threshold {
        refuse(position, of: plan, failure(of: position, plan), probeAt: now + limits.wait(after: 1))
      }
      probe(position, of: plan)
    }
  }

  private func failure(of position: Int, _ plan: Int) -> WarmFailure {
    let key = TroubleKey(owner: plans[plan].owner, image: plans[plan].images[position])
    return plans[plan].finals[position].min().flatMap { nodes[$0].troubles[key]?.failure }
      ?? WarmFailure(code: "refused", detail: "no node gets it", remedy: "Check the reference and the pull secret.")
  }

  private mutating func refuse(_ position: Int, of plan: Int, _ failure: WarmFailure, probeAt: Duration) {
    plans[plan].refusals[position] = Refusal(failure: failure, probes: 0, probeAt: probeAt)
    let reference = references[plans[plan].images[position]]
    actions.append(.tell(.imageRefused(plans[plan].id, reference: reference, failure)))
    touchNodes(of: plan)
  }

  /// A node got the image, or nobody lacks it any more: all others may try again at once.
  mutating func lift(_ position: Int, of plan: Int) {
    guard plans[plan].refusals.removeValue(forKey: position) != nil else { return }
    plans[plan].lifted.insert(position)
    let key = TroubleKey(owner: plans[plan].owner, image: plans[plan].images[position])
    for node in plans[plan].finals[position].sorted() { clearTroubles(node) { $0 == key } }
    let reference = references[plans[plan].images[position]]
    actions.append(.tell(.refusalLifted(plans[plan].id, reference: reference)))
    touchNodes(of: plan)
  }

  private mutating func touchNodes(of plan: Int) {
    for node in nodes.indices where nodes[node].standings.contains(where: { $0.plan == plan }) { touch(node) }
    markDirty(plan)
  }

  // MARK: Probes

  /// Lets one node try a refused image when it is time.
  private mutating func probe(_ position: Int, of plan: Int) {
    guard let refusal = plans[plan].refusals[position], refusal.probeAt <= now, plans[plan].begins else { return }
    if let node = refusal.node {
      let isAtWork = nodes[node].pods.contains { $0.plan == plan && $0.purpose == .pull }
      plans[plan].refusals[position]?.probeAt = now + .seconds(60)
      if isAtWork { return }
      touch(node)
    }
    let node =
      plans[plan].finals[position].sorted().first { lacks(position, $0, plan) }
      ?? nodes.indices.first {
        lacks(position, $0, plan)
      }
    plans[plan].refusals[position]?.node = node
    plans[plan].refusals[position]?.probeAt = now + .seconds(node == nil ? 2 : 60)
    if let node { touch(node) }
  }

  private func lacks(_ position: Int, _ node: Int, _ plan: Int) -> Bool {
    guard isReachable(node), !nodes[node].yields, nodes[node].pods.isEmpty,
      let standing = nodes[node].standings.first(where: { $0.plan == plan }), position < standing.cells.count
    else { return false }
    return ![.unsupported, .warm, .stale].contains(standing.cells[position].state)
  }

  /// A node tried refused images, and did not get them.
  mutating func endProbe(_ pod: LivePod, on node: Int) {
    guard pod.purpose == .pull else { return }
    for image in pod.images {
      guard let position = plans[pod.plan].positions[image.number],
        var refusal = plans[pod.plan].refusals[position], refusal.node == node
      else { continue }
      refusal.probes += 1
      refusal.node = nil
      refusal.probeAt = now + limits.wait(after: refusal.probes + 1)
      plans[pod.plan].refusals[position] = refusal
      markDirty(pod.plan)
    }
  }
}
