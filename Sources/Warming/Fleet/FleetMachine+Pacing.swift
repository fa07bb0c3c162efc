import ImageModel
import Documents
import Kubernetes

/// Who is begun next, within the budgets.
extension FleetMachine {
  // MARK: Queues

  /// Where a node waits in a plan's queue; nil when there is nothing to do there, or not now.
  mutating func place(of node: Int, _ standing: Standing, _ view: View) -> Place? {
    guard isOpen(node), plans[standing.plan].begins else { return nil }
    let isGated = nodes[node].isGated
    if view.due.isEmpty {
      return view.unproved.isEmpty
        ? nil : Place(lane: isGated ? .gatedAgain : .verify, registries: Self.noRegistries)
    }
    let isAgain = view.isAgain || view.cells.contains { $0.state == .failed }
    let lane: Place.Lane = isGated ? (isAgain ? .gatedAgain : .gated) : (isAgain ? .again : .fresh)
    let wanted = view.due.prefix(limits.imagesPerPod).map { plans[standing.plan].registries[$0] }
    return Place(lane: lane, registries: numberOfSet(wanted))
  }

  /// Whether a node may be given a pod now.
  private func isOpen(_ node: Int) -> Bool {
    let state = nodes[node]
    return state.pods.isEmpty && !state.yields && !(state.rest.map { $0.until > now } ?? false)
      && isReachable(node) && !(state.awaitsReadiness && state.facts?.isReady == false)
  }

  private static var noRegistries: Int32 { -1 }

  /// One registry has its own number, several have one below -1.
  private mutating func numberOfSet(_ wanted: [Int32]) -> Int32 {
    guard let first = wanted.first else { return Self.noRegistries }
    return wanted.allSatisfy { $0 == first } ? first : -2 - registrySets.number(of: Set(wanted).sorted())
  }

  private func members(ofSet number: Int32) -> [Int32] {
    number >= 0 ? [number] : number == Self.noRegistries ? [] : registrySets[-2 - number]
  }

  /// Puts a node at its place in the queue of a plan, or takes it out.
  mutating func queue(_ node: Int, standing index: Int, at place: Place?) {
    let standing = nodes[node].standings[index]
    guard standing.ticket?.place != place else { return }
    if standing.ticket != nil { plans[standing.plan].queued -= 1 }
    nodes[node].standings[index].ticket = nil
    guard let place else { return }
    lastStamp += 1
    nodes[node].standings[index].ticket = Ticket(place: place, stamp: lastStamp)
    plans[standing.plan].queued += 1
    var heap = plans[standing.plan].queue.removeValue(forKey: place) ?? Heap()
    heap.insert(Waiting(name: nodes[node].name, node: node, stamp: lastStamp))
    if heap.count > 2 * plans[standing.plan].queued + 64 {
      heap.removeAll { !holdsTicket($0, in: standing.plan) }
    }
    plans[standing.plan].queue[place] = heap
  }

  private func holdsTicket(_ waiting: Waiting, in plan: Int) -> Bool {
    nodes[waiting.node].standings.contains { $0.plan == plan && $0.ticket?.stamp == waiting.stamp }
  }

  // MARK: Begin

  /// Makes pods while there is work and room for it.
  mutating func begin() {
    // Nodes that are kept back by a gate go before all others, whatever the rank of their Prepulls.
    for isGated in [true, false] {
      for plan in ranked where plans[plan].queued > 0 {
        while working < limits.maxPods, mayBegin(plan), let node = next(plan, isGated: isGated) {
          start(plan, on: node)
        }
        if working >= limits.maxPods { return }
      }
    }
  }

  private func mayBegin(_ plan: Int) -> Bool {
    let state = plans[plan]
    guard state.begins, state.queued > 0 else { return false }
    // After a refusal, one pod shows whether it still stands.
    if let obstacle = state.obstacle, obstacle.until > now || state.asking > 0 { return false }
    return state.working < state.plan.parallelism.limit(of: state.wanted)
  }

  /// The node that is next, of those whose registries have room.
  private mutating func next(_ plan: Int, isGated: Bool) -> Int? {
    var best: (place: Place, waiting: Waiting)?
    for place in Array(plans[plan].queue.keys) where place.lane.isGated == isGated {
      guard !plans[plan].isPaused || place.lane.goesOnWhenPaused else { continue }
      let hasRoom = members(ofSet: place.registries).allSatisfy {
        pulling[$0, default: 0] < max(1, plans[plan].plan.perRegistry)
      }
      guard hasRoom else { continue }
      while let first = plans[plan].queue[place]?.min, !holdsTicket(first, in: plan) {
        plans[plan].queue[place]?.popMin()
      }
      guard let first = plans[plan].queue[place]?.min else {
        plans[plan].queue[place] = nil
        continue
      }
      if best.map({ ($0.place.lane, $0.waiting) > (place.lane, first) }) ?? true { best = (place, first) }
    }
    return best?.waiting.node
  }

  private mutating func start(_ plan: Int, on node: Int) {
    guard let facts = nodes[node].facts,
      let index = nodes[node].standings.firstIndex(where: { $0.plan == plan })
    else { return }
    let view = view(of: node, nodes[node].standings[index])
    let isPull = !view.due.isEmpty
    let positions = view.due.prefix(limits.imagesPerPod)
    let images =
      isPull
      ? positions.map { LivePod.Image(number: plans[plan].images[$0], policy: policy(of: $0, plan, on: node)) }
      : checked(view.unproved, plan, on: node)
    let pod = LivePod(
      id: FleetPod.ID(prepull: plans[plan].id, node: nodes[node].name, nodeUID: facts.uid), plan: plan,
      purpose: isPull ? .pull : .verify, access: plans[plan].access, images: images,
      registries: isPull ? Set(positions.map { plans[plan].registries[$0] }).sorted() : [], stage: .asked,
      createdAt: now, progressAt: now)
    plans[plan].pods += 1
    plans[plan].asking += 1
    nodes[node].pods.append(pod)
    count(node, nodes[node].pods.count - 1)
    actions.append(order(pod, on: facts))
    look(at: node)
  }

  /// Asks the registry where the node holds something else; else it is enough that the image is there.
  private func policy(of position: Int, _ plan: Int, on node: Int) -> FleetPod.Policy {
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
        images: pod.images.map { PodOrder.Image(reference: references[$0.number], policy: $0.policy) },
        architecture: facts.architecture, access: accesses[pod.access]))
  }

  // MARK: Budgets

  mutating func count(_ node: Int, _ index: Int) {
    let pod = nodes[node].pods[index]
    guard !pod.isCounted else { return }
    nodes[node].pods[index].isCounted = true
    working += 1
    plans[pod.plan].working += 1
    for registry in pod.registries { pulling[registry, default: 0] += 1 }
  }

  mutating func uncount(_ node: Int, _ index: Int) {
    let pod = nodes[node].pods[index]
    guard pod.isCounted else { return }
    nodes[node].pods[index].isCounted = false
    working -= 1
    plans[pod.plan].working -= 1
    for registry in pod.registries { pulling[registry, default: 0] -= 1 }
  }
}
