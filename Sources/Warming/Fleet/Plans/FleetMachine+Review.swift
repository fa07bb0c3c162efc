import ImageModel

/// What follows for a Prepull as a whole from how its nodes stand.
extension FleetMachine {
  mutating func reviewPlans() {
    while let plan = plans.popDirty() {
      guard !plans[plan].isFree else { continue }
      if plans[plan].isGone {
        clear(plan)
      } else {
        if isRollout(plan) {
          reviewRollout()
          giveUpSpoiled(plan)
        } else {
          reviewRefusals(plan)
          reviewOutcome(plan)
        }
        timers.set(.plan(plan), at: nextReview(of: plan))
        plans.markChanged(plan)
      }
    }
  }

  mutating func reportSummaries() {
    for plan in plans.takeChanged() where !plans[plan].isGone {
      if isRollout(plan) { tellSeedWait(plan) }
      actions.append(.summary(plans[plan].id))
    }
  }

  /// Ends a Prepull that is gone when nothing of it is left.
  private mutating func clear(_ plan: PlanIndex) {
    guard isSynced, plans[plan].pods == 0, plans[plan].leaving == 0 else { return }
    if plans[plan].isRemovalSeen { actions.append(.cleared(plans[plan].id)) }
    timers.set(.plan(plan), at: nil)
    plans.remove(plan)
  }

  private func nextReview(of plan: PlanIndex) -> Duration? {
    let state = plans[plan]
    if isRollout(plan) { return nextRolloutReview }
    var due = state.refusals.nextDue(after: now)
    if let backoff = state.creationBackoff, backoff.isWaiting(at: now) { due = earliest(due, backoff.retryAt) }
    return due
  }

  // MARK: Outcome

  private mutating func reviewOutcome(_ plan: PlanIndex) {
    let state = plans[plan]
    let counts = state.counts
    let isPaused = counts.failing > state.failuresAllowed
    if isPaused != state.isPaused {
      plans[plan].isPaused = isPaused
      actions.append(
        .report(isPaused ? .paused(state.id, failed: counts.failing, wanted: counts.wanted) : .resumed(state.id)))
    }
    guard state.plan.mode == .once, !state.isComplete, !state.plan.isFinished, !state.plan.isSuspended else { return }
    guard counts[.pending] == 0, counts[.pulling] == 0, state.pods == 0 else { return }
    plans[plan].isComplete = true
    actions.append(.report(.completed(state.id)))
  }

  // MARK: Refusals

  private mutating func reviewRefusals(_ plan: PlanIndex) {
    var threshold = min(limits.nodesToRefuse, max(1, plans[plan].counts.wanted))
    // Seeds find out what is bad before anybody else asks for it.
    if plans[plan].growth.isOn { threshold = min(threshold, plans[plan].growth.seeds) }
    for position in plans[plan].images.indices {
      // Nodes may have credentials of their own: who has it shows that the registry gives it.
      let isGiven =
        plans[plan].refusals.wasLifted(position) || plans[plan].counts.count(of: .warm, at: position) > 0
      let registrys = isGiven ? nil : plans[plan].plan.images[position].refusal
      if plans[plan].refusals.isRefused(position) {
        // It stands until a node gets the image, or somebody changes something.
        let isTried = plans[plan].refusals.prober(of: position) != nil
        if registrys == nil, plans[plan].counts.finals(at: position).isEmpty, !isTried { lift(position, of: plan) }
      } else if let failure = registrys {
        refuse(position, of: plan, failure, probeAt: now)
      } else if plans[plan].counts.finals(at: position).count >= threshold {
        refuse(position, of: plan, failure(of: position, plan), probeAt: now + limits.wait(after: 1))
      }
      probe(position, of: plan)
    }
  }

  private func failure(of position: Int, _ plan: PlanIndex) -> WarmFailure {
    let key = FailureKey(owner: plans[plan].owner, image: plans[plan].images[position])
    return plans[plan].counts.finals(at: position).min().flatMap { nodes[$0].failures[key]?.failure }
      ?? WarmFailure(code: "refused", detail: "no node gets it", remedy: "Check the reference and the pull secret.")
  }

  private mutating func refuse(_ position: Int, of plan: PlanIndex, _ failure: WarmFailure, probeAt: Duration) {
    plans[plan].refusals.refuse(position, failure, probeAt: probeAt)
    let reference = imageTable.references[plans[plan].images[position]]
    actions.append(.report(.imageRefused(plans[plan].id, reference: reference, failure)))
    markNodesDirty(of: plan)
  }

  /// A node got the image, or nobody lacks it any more: all others may try again at once.
  mutating func lift(_ position: Int, of plan: PlanIndex) {
    guard plans[plan].refusals.lift(position) else { return }
    let key = FailureKey(owner: plans[plan].owner, image: plans[plan].images[position])
    for node in plans[plan].counts.finals(at: position).sorted() { clearFailures(node) { $0 == key } }
    let reference = imageTable.references[plans[plan].images[position]]
    actions.append(.report(.refusalLifted(plans[plan].id, reference: reference)))
    markNodesDirty(of: plan)
  }

  private mutating func markNodesDirty(of plan: PlanIndex) {
    for node in nodes.indices where nodes[node].statuses.contains(where: { $0.plan == plan }) { markDirty(node) }
    markDirty(plan)
  }

  // MARK: Probes

  /// Lets one node try a refused image when it is time.
  private mutating func probe(_ position: Int, of plan: PlanIndex) {
    guard plans[plan].refusals.isDue(position, at: now), plans[plan].begins, !plans[plan].plan.isClosed else { return }
    if let node = plans[plan].refusals.prober(of: position) {
      let isAtWork = nodes[node].pods.contains { $0.plan == plan && $0.purpose == .pull }
      plans[plan].refusals.setProber(node, of: position, until: now + .seconds(60))
      if isAtWork { return }
      markDirty(node)
    }
    let finals = plans[plan].counts.finals(at: position)
    // What a few seeds met may have been their own trouble.
    let other =
      plans[plan].growth.isOn ? nodes.indices.first { !finals.contains($0) && lacks(position, $0, plan) } : nil
    let node =
      other ?? finals.sorted().first { lacks(position, $0, plan) } ?? nodes.indices.first { lacks(position, $0, plan) }
    plans[plan].refusals.setProber(node, of: position, until: now + .seconds(node == nil ? 2 : 60))
    if let node { markDirty(node) }
  }

  private func lacks(_ position: Int, _ node: NodeIndex, _ plan: PlanIndex) -> Bool {
    guard isReachable(node), !nodes[node].yields, nodes[node].pods.isEmpty,
      let status = nodes[node].statuses.first(where: { $0.plan == plan }), position < status.cells.count
    else { return false }
    return ![.unsupported, .warm, .stale].contains(status.cells[position].state)
  }

  /// A node tried refused images, and did not get them.
  mutating func endProbe(_ pod: LivePod, on node: NodeIndex) {
    guard pod.purpose == .pull else { return }
    for image in pod.images {
      guard let position = plans[pod.plan].positions[image.number],
        plans[pod.plan].refusals.probeFailed(position, on: node, at: now, wait: limits.wait)
      else { continue }
      markDirty(pod.plan)
    }
  }
}
