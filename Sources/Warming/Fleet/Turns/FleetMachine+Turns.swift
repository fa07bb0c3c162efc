import ImageModel
import Documents
import Kubernetes

/// Who is begun next, within the budgets.
extension FleetMachine {
  // MARK: Begin

  /// Makes pods while there is work and room for it.
  mutating func begin() {
    // Nodes that are kept back by a gate go before all others, whatever the rank of their Prepulls.
    for isGated in [true, false] {
      for plan in plans.ranked where plans[plan].queue.count > 0 {
        while !budget.isUsedUp, mayBegin(plan), let node = next(plan, isGated: isGated) {
          start(plan, on: node)
        }
        if budget.isUsedUp { return }
      }
    }
  }

  private func mayBegin(_ plan: PlanIndex) -> Bool {
    let state = plans[plan]
    guard state.begins, state.queue.count > 0 else { return false }
    // After a refusal, one pod shows whether it still stands.
    if let backoff = state.creationBackoff, backoff.isWaiting(at: now) || state.asking > 0 { return false }
    return budget.pods(of: plan) < state.plan.parallelism.limit(of: state.counts.wanted)
  }

  /// The node that is next, of those whose registries have room.
  private mutating func next(_ plan: PlanIndex, isGated: Bool) -> NodeIndex? {
    let (budget, imageTable) = (budget, imageTable)
    let (isPaused, limit) = (plans[plan].isPaused, plans[plan].plan.perRegistry)
    let (growth, ranks) = (plans[plan].growth, seedRanks(of: plan))
    return plans[plan].queue.next(
      isGated: isGated, isPaused: isPaused,
      hasRoom: { lane in
        budget.hasRoom(at: imageTable.registries(inSet: lane.registries), limit: limit)
          && (lane.seeds.map { growth.first(of: $0) != nil } ?? true)
      }, ranks: growth.isOn ? ranks : { _ in nil })
  }

  private mutating func start(_ plan: PlanIndex, on node: NodeIndex) {
    if isRollout(plan) { return startTurn(node) }
    guard let facts = nodes[node].facts,
      let index = nodes[node].statuses.firstIndex(where: { $0.plan == plan })
    else { return }
    let work = reconciler(of: node).work(for: plans[plan], nodes[node].statuses[index])
    let isPull = !work.due.isEmpty
    let isForAgent = work.means == .agent
    let positions = admitted(work.due, of: plan, on: node).prefix(limits.imagesPerPod)
    if isPull, positions.isEmpty {
      // It was queued for something else than is due now: its next event tells.
      plans[plan].queue.set(node, name: nodes[node].name, in: nil)
      return
    }
    let images =
      isPull
      ? positions.map { LivePod.Image(number: plans[plan].images[$0], policy: policy(of: $0, plan, on: node)) }
      : checked(work.unproved, plan, on: node)
    let pod = LivePod(
      id: FleetPod.ID(prepull: plans[plan].id, node: nodes[node].name, nodeUID: facts.uid), plan: plan,
      purpose: isPull ? .pull : .verify, isOfAgent: isForAgent, access: plans[plan].access, images: images,
      registries: isPull ? Set(positions.map { plans[plan].registries[$0] }).sorted() : [], stage: .asked,
      createdAt: now, progressAt: now)
    if isForAgent { nodes[node].agent.ordered.formUnion(images.map(\.number)) }
    ask(for: pod, on: node, facts)
    count(node, nodes[node].pods.count - 1)
    reconcile(node)
  }

  /// Has a pod made.
  mutating func ask(for pod: LivePod, on node: NodeIndex, _ facts: NodeFacts) {
    plans[pod.plan].pods += 1
    plans[pod.plan].asking += 1
    nodes[node].pods.append(pod)
    actions.append(order(pod, on: facts))
  }

  /// Asks the registry where the node holds something else; else it is enough that the image is there.
  private func policy(of position: Int, _ plan: PlanIndex, on node: NodeIndex) -> FleetPod.Policy {
    let plan = plans[plan]
    if plan.plan.policy == .always { return .always }
    let isOther = nodes[node].held[image: plan.images[position]].contains { entry in
      entry.key.access == plan.access || (plan.repairs && !plan.accepts(entry.digest, at: position))
    }
    return isOther ? .always : .ifNotPresent
  }

  func order(_ pod: LivePod, on facts: NodeFacts) -> Action {
    .create(
      PodOrder(
        id: pod.id, purpose: pod.purpose,
        images: pod.images.map { PodOrder.Image(reference: imageTable.references[$0.number], policy: $0.policy) },
        machine: facts.machine, access: imageTable.accesses[pod.access], isForAgent: pod.isOfAgent))
  }

  // MARK: Budgets

  mutating func count(_ node: NodeIndex, _ index: Int) {
    let pod = nodes[node].pods[index]
    guard !pod.isCounted else { return }
    nodes[node].pods[index].isCounted = true
    budget.take(pod.plan, registries: pod.registries)
  }

  mutating func uncount(_ node: NodeIndex, _ index: Int) {
    let pod = nodes[node].pods[index]
    guard pod.isCounted else { return }
    nodes[node].pods[index].isCounted = false
    budget.giveBack(pod.plan, registries: pod.registries)
  }
}
