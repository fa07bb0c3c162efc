import ImageModel
import Kubernetes

/// How a node stands for each Prepull, and what follows from it.
extension FleetMachine {
  /// Reconciles a node as a whole; each event that concerns it ends here.
  mutating func reconcile(_ node: NodeIndex) {
    guard !nodes[node].name.isEmpty else { return }
    guard let facts = nodes[node].facts else { return reconcileGone(node) }
    if nodes[node].needsChoosing { choose(node, facts) }
    compareClaims(node)
    reviewPods(node)
    beginCheck(node)
    if limits.keepsRecords { updateGates(node) }
    var due: Duration?
    for (index, decision) in decisions(for: node).enumerated() {
      apply(decision, to: node, status: index)
      due = earliest(due, decision.nextDue)
      noteSeeds(node, status: index)
    }
    if limits.keepsRecords {
      tellWishes(node)
      due = earliest(due, openGates(node))
      markCondition(node)
      keepRecord(node)
    }
    timers.set(.node(node), at: earliest(due, nextTimer(of: node)))
  }

  func reconciler(of node: NodeIndex) -> NodeReconciler {
    NodeReconciler(node: nodes[node], index: node, now: now, limits: limits)
  }

  /// All of them before one is applied, so that no copy of the node is there when it is changed.
  private func decisions(for node: NodeIndex) -> [NodeReconciler.Decision] {
    reconciler(of: node).decisions(in: plans)
  }

  func isReachable(_ node: NodeIndex) -> Bool { nodes[node].isReachable(at: now, limits) }

  func earliest(_ one: Duration?, _ other: Duration?) -> Duration? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  private mutating func reconcileGone(_ node: NodeIndex) {
    forgetTurn(node)
    for index in nodes[node].statuses.indices { withdraw(node, status: index) }
    nodes[node].statuses = []
    nodes[node].needsChoosing = true
    for index in nodes[node].pods.indices { deletePod(node, index) }
    for plan in records.release(node) { left(plan) }
    timers.set(.node(node), at: nextTimer(of: node))
    if nodes[node].pods.isEmpty, nodes[node].busyWith == nil { remove(node) }
  }

  // MARK: Choice

  /// Finds the Prepulls that choose a node, and forgets what none of them claims.
  private mutating func choose(_ node: NodeIndex, _ facts: NodeFacts) {
    nodes[node].needsChoosing = false
    var statuses: [Status] = []
    for plan in plans.ranked {
      let isUnsupported: Bool
      let known = nodes[node].statuses.first { $0.plan == plan }
      if isRollout(plan) {
        if rollout.keeps(node), let known {
          statuses.append(known)
          continue
        }
        if rollout.stopped != nil { continue }
      }
      switch plans[plan].choice.verdict(for: facts) {
      case .wanted: isUnsupported = false
      case .unsupported: isUnsupported = true
      case .skipped: continue
      }
      learnSupport(plan, on: facts)
      let platform = plans[plan].growth.platform(facts.platform)
      let same = known.flatMap { $0.isUnsupported == isUnsupported && $0.platform == platform ? $0 : nil }
      statuses.append(same ?? Status(plan: plan, isUnsupported: isUnsupported, platform: platform))
    }
    for index in nodes[node].statuses.indices {
      let old = nodes[node].statuses[index]
      let isKept = statuses.contains {
        $0.plan == old.plan && $0.isUnsupported == old.isUnsupported && $0.platform == old.platform
      }
      if isKept { continue }
      withdraw(node, status: index)
      records.changed(node)
    }
    nodes[node].statuses = statuses
    for entry in nodes[node].held.entries where !isClaimed(entry.key, on: node) { forgetImage(entry.key, on: node) }
    nodes[node].missing = nodes[node].missing.filter { isClaimed($0, on: node) }
    let claims = statuses.map { (plans[$0.plan].owner, plans[$0.plan].positions) }
    clearFailures(node) { key in !claims.contains { $0 == key.owner && $1[key.image] != nil } }
    updateTurn(node, facts)
  }

  /// Whether a Prepull that chose the node wants an image there, with these pull secrets.
  func isClaimed(_ key: HeldImages.Key, on node: NodeIndex) -> Bool {
    nodes[node].statuses.contains {
      plans[$0.plan].access == key.access && plans[$0.plan].positions[key.image] != nil
    }
  }

  /// Takes an image off what the node is known to hold.
  mutating func forgetImage(_ key: HeldImages.Key, on node: NodeIndex) {
    nodes[node].held.remove(key)
    nodes[node].aliases[key] = nil
    records.changed(node)
  }

  mutating func clearFailures(_ node: NodeIndex, where isUnwanted: (FailureKey) -> Bool) {
    guard !nodes[node].failures.isEmpty else { return }
    let kept = nodes[node].failures.filter { !isUnwanted($0.key) }
    guard kept.count < nodes[node].failures.count else { return }
    nodes[node].failures = kept
    records.changed(node)
    markDirty(node)
  }

  private mutating func learnSupport(_ plan: PlanIndex, on facts: NodeFacts) {
    guard plans[plan].supported[facts.platform.key] == nil else { return }
    let supported = plans[plan].plan.images.map { $0.resolution?.supports(facts.platform) ?? true }
    plans[plan].supported[facts.platform.key] = supported.allSatisfy(\.self) ? [] : supported
  }

  // MARK: Difference

  /// Takes in a decision: counts, the place in the queue, what the record says.
  private mutating func apply(_ decision: NodeReconciler.Decision, to node: NodeIndex, status index: Int) {
    let old = nodes[node].statuses[index]
    let plan = old.plan
    if old.cells != decision.cells {
      count(node, plan, from: old.cells, to: decision.cells)
      nodes[node].statuses[index].cells = decision.cells
      records.changed(node)
    }
    if let example = decision.example {
      if decision.share.blocker == .busy {
        plans[plan].yieldsTo = example
      } else {
        plans[plan].blockedExample = example
      }
    }
    if old.share != decision.share {
      plans[plan].counts.change(node, from: old.share, to: decision.share)
      nodes[node].statuses[index].share = decision.share
      markDirty(plan)
    }
    if isRollout(plan) { return }
    let lane = decision.priority.map {
      NodeQueue.Lane(
        priority: $0, registries: imageTable.registrySet(decision.registries),
        seeds: seedWishes(decision.due, of: plan, on: node))
    }
    plans[plan].queue.set(node, name: nodes[node].name, in: lane)
  }

  /// Takes a status out of all counts and queues.
  mutating func withdraw(_ node: NodeIndex, status index: Int) {
    let old = nodes[node].statuses[index]
    count(node, old.plan, from: old.cells, to: [])
    withdrawSeeds(node, old)
    plans[old.plan].counts.change(node, from: old.share, to: PrepullCounts.Share())
    markDirty(old.plan)
    plans[old.plan].queue.set(node, name: nodes[node].name, in: nil)
    plans[old.plan].refusals.nodeLeft(node)
  }

  private mutating func count(_ node: NodeIndex, _ plan: PlanIndex, from old: [Cell], to new: [Cell]) {
    guard !(old.isEmpty && new.isEmpty) else { return }
    let (owner, images, failures) = (plans[plan].owner, plans[plan].images, nodes[node].failures)
    plans[plan].counts.change(node, from: old, to: new) { position in
      failures.isEmpty ? nil : failures[FailureKey(owner: owner, image: images[position])]?.failure
    }
    markDirty(plan)
  }
}
