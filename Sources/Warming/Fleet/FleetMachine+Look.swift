import ImageModel
import Kubernetes

/// How a node stands for each Prepull, and what follows from it.
extension FleetMachine {
  /// What a Prepull finds on a node.
  struct View: Sendable {
    var cells: [Cell] = []
    /// Positions of images to pull now.
    var due: [Int] = []
    /// Positions of images whose presence is to be proved.
    var unproved: [Int] = []
    /// Whether one of those due failed here before.
    var isAgain = false
    /// When there will be more to do.
    var nextDue: Duration?

    var hasWork: Bool { !due.isEmpty || !unproved.isEmpty }
  }

  /// Looks at a node as a whole; each event that touches it ends here.
  mutating func reconcile(_ node: NodeIndex) {
    guard !nodes[node].name.isEmpty else { return }
    guard let facts = nodes[node].facts else { return reconcileGone(node) }
    if nodes[node].needsChoosing { choose(node, facts) }
    compareClaims(node)
    tendPods(node)
    beginCheck(node)
    noteGates(node)
    var due: Duration?
    let views = nodes[node].standings.map { view(of: node, $0) }
    // What a gate waits for goes before all else on its node.
    let isKept = zip(nodes[node].standings, views).contains { standing, view in
      view.hasWork && plans[standing.plan].begins && isGate(of: standing.plan, closedOn: node)
    }
    for (index, view) in zip(nodes[node].standings.indices, views) {
      let plan = nodes[node].standings[index].plan
      update(node, standing: index, view, isKept: isKept && !isGate(of: plan, closedOn: node))
      due = earliest(due, view.nextDue)
    }
    due = earliest(due, openGates(node))
    markWarmth(node)
    keepRecord(node)
    timers.set(.node(node), at: earliest(due, nextAlarm(of: node)))
  }

  func earliest(_ one: Duration?, _ other: Duration?) -> Duration? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  private mutating func reconcileGone(_ node: NodeIndex) {
    for index in nodes[node].standings.indices { withdraw(node, standing: index) }
    nodes[node].standings = []
    nodes[node].needsChoosing = true
    for index in nodes[node].pods.indices { deletePod(node, index) }
    for plan in records.release(node) { left(plan) }
    timers.set(.node(node), at: nextAlarm(of: node))
    if nodes[node].pods.isEmpty, nodes[node].busyWith == nil { remove(node) }
  }

  // MARK: Choice

  /// Finds the Prepulls that choose a node, and forgets what none of them claims.
  private mutating func choose(_ node: NodeIndex, _ facts: NodeFacts) {
    nodes[node].needsChoosing = false
    var standings: [Standing] = []
    for plan in plans.ranked {
      let isUnsupported: Bool
      switch plans[plan].choice.verdict(for: facts) {
      case .wanted: isUnsupported = false
      case .unsupported: isUnsupported = true
      case .skipped: continue
      }
      learnSupport(plan, on: facts)
      let known = nodes[node].standings.first { $0.plan == plan && $0.isUnsupported == isUnsupported }
      standings.append(known ?? Standing(plan: plan, isUnsupported: isUnsupported))
    }
    for index in nodes[node].standings.indices {
      let old = nodes[node].standings[index]
      guard !standings.contains(where: { $0.plan == old.plan && $0.isUnsupported == old.isUnsupported }) else {
        continue
      }
      withdraw(node, standing: index)
      records.changed(node)
    }
    nodes[node].standings = standings
    for entry in nodes[node].held.entries where !isClaimed(entry.key, on: node) { forgetImage(entry.key, on: node) }
    nodes[node].missing = nodes[node].missing.filter { isClaimed($0, on: node) }
    let claims = standings.map { (plans[$0.plan].owner, plans[$0.plan].positions) }
    clearFailures(node) { key in !claims.contains { $0 == key.owner && $1[key.image] != nil } }
  }

  /// Whether a Prepull that chose the node wants an image there, with these pull secrets.
  func isClaimed(_ key: HeldImages.Key, on node: NodeIndex) -> Bool {
    nodes[node].standings.contains {
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

  // MARK: View

  func view(of node: NodeIndex, _ standing: Standing) -> View {
    let state = nodes[node]
    let plan = plans[standing.plan]
    var view = View()
    view.cells.reserveCapacity(plan.images.count)
    let supported = standing.isUnsupported ? [] : support(standing.plan, on: state.facts)
    let isOnce = plan.plan.mode == .once
    for position in plan.images.indices {
      guard !standing.isUnsupported, supported.isEmpty || supported[position] else {
        view.cells.append(Cell(state: .unsupported))
        continue
      }
      let image = plan.images[position]
      let key = HeldImages.Key(image: image, access: plan.access)
      let held = state.held[key]
      let isUnclear = plan.isUnclear(held, state.aliases[key], at: position)
      let isUnverified = plan.verifies && state.unverified?.contains(key) == true
      if held != nil, isUnclear || isUnverified { view.unproved.append(position) }
      if let held, plan.accepts(held.digest, at: position) {
        view.cells.append(Cell(state: .warm))
        continue
      }
      if isUnclear {
        view.cells.append(Cell(state: .pending))
        continue
      }
      if held != nil, !plan.repairs {
        view.cells.append(Cell(state: .stale))
        continue
      }
      let failure = state.failures[FailureKey(owner: plan.owner, image: image)]
      var cell = Cell(state: .pending, isFinal: failure?.nature == .final)
      if let failure, failure.isFailure(in: plan.plan) { cell.state = .failed }
      if failure == nil, isOnce, let lost = state.podBackoff, lost.tries >= plan.plan.retries { cell.state = .failed }
      let refusal = plan.refusals[position]
      if refusal != nil { cell.state = held == nil ? .refused : .stale }
      view.cells.append(cell)
      guard refusal == nil || refusal?.node == node, !(isOnce && cell.state == .failed) else { continue }
      if refusal == nil, let failure {
        guard let retryAt = failure.retryAt else { continue }
        guard retryAt <= now else {
          view.nextDue = earliest(view.nextDue, retryAt)
          continue
        }
      }
      view.due.append(position)
      if failure != nil { view.isAgain = true }
    }
    return view
  }

  /// By position, whether the node's platform has the image; empty when it has all.
  func support(_ plan: PlanIndex, on facts: NodeFacts?) -> [Bool] {
    facts.flatMap { plans[plan].supported[$0.architecture] } ?? []
  }

  private mutating func learnSupport(_ plan: PlanIndex, on facts: NodeFacts) {
    guard plans[plan].supported[facts.architecture] == nil else { return }
    let supported = plans[plan].plan.images.map { $0.resolution?.supports(facts.platform) ?? true }
    plans[plan].supported[facts.architecture] = supported.allSatisfy(\.self) ? [] : supported
  }

  // MARK: Difference

  /// Takes in a new view: counts, the place in the queue, what the record says.
  ///
  /// - Parameter isKept: the images of a gate go first.
  private mutating func update(_ node: NodeIndex, standing index: Int, _ view: View, isKept: Bool) {
    let old = nodes[node].standings[index]
    let plan = old.plan
    if old.cells != view.cells {
      count(node, plan, from: old.cells, to: view.cells)
      nodes[node].standings[index].cells = view.cells
      records.changed(node)
    }
    let lane = isKept ? nil : lane(of: node, old, view)
    let state = state(of: node, old, view)
    let isFailing = state != .unreachable && view.cells.contains { $0.state == .failed }
    let blocker = state == .pending ? blocker(of: node, plan, isQueued: lane != nil, isKept: isKept) : nil
    if state != old.state || isFailing != old.isFailing || blocker != old.blocker {
      count(plan, state: old.state, isFailing: old.isFailing, blocker: old.blocker, by: -1)
      count(plan, state: state, isFailing: isFailing, blocker: blocker, by: 1)
      nodes[node].standings[index].state = state
      if state == .unreachable { plans[plan].unreachable.insert(node) } else { plans[plan].unreachable.remove(node) }
      nodes[node].standings[index].isFailing = isFailing
      nodes[node].standings[index].blocker = blocker
    }
    plans[plan].queue.set(node, name: nodes[node].name, in: lane)
  }

  /// Takes a standing out of all counts and queues.
  mutating func withdraw(_ node: NodeIndex, standing index: Int) {
    let old = nodes[node].standings[index]
    count(node, old.plan, from: old.cells, to: [])
    count(old.plan, state: old.state, isFailing: old.isFailing, blocker: old.blocker, by: -1)
    plans[old.plan].unreachable.remove(node)
    plans[old.plan].queue.set(node, name: nodes[node].name, in: nil)
    for (position, refusal) in plans[old.plan].refusals where refusal.node == node {
      plans[old.plan].refusals[position]?.node = nil
    }
  }

  private mutating func count(_ node: NodeIndex, _ plan: PlanIndex, from old: [Cell], to new: [Cell]) {
    guard !(old.isEmpty && new.isEmpty) else { return }
    for position in 0..<max(old.count, new.count) {
      let before = position < old.count ? old[position] : nil
      let after = position < new.count ? new[position] : nil
      guard before != after else { continue }
      if let before { plans[plan].counts[position][Int(before.state.rawValue)] -= 1 }
      if let after { plans[plan].counts[position][Int(after.state.rawValue)] += 1 }
      if before?.isFinal == true, after?.isFinal != true { plans[plan].finals[position].remove(node) }
      if after?.isFinal == true { plans[plan].finals[position].insert(node) }
      let key = FailureKey(owner: plans[plan].owner, image: plans[plan].images[position])
      if let failure = after == nil ? nil : nodes[node].failures[key] {
        plans[plan].lastFailures[position] = plans[plan].lastFailures[position] ?? (failure.failure, node)
      } else if plans[plan].lastFailures[position]?.node == node {
        plans[plan].lastFailures[position] = nil
      }
    }
    markDirty(plan)
  }

  private mutating func count(
    _ plan: PlanIndex, state: State?, isFailing: Bool, blocker: FleetSummary.Blocker?, by step: Int
  ) {
    if let state { plans[plan].nodes[Int(state.rawValue)] += step }
    if isFailing { plans[plan].failing += step }
    if let blocker { plans[plan].blocked[Int(blocker.rawValue)] += step }
    markDirty(plan)
  }

  private func state(of node: NodeIndex, _ standing: Standing, _ view: View) -> State {
    var states = CellStates()
    for cell in view.cells { states.insert(cell.state) }
    if standing.isUnsupported || states == [.unsupported] { return .unsupported }
    if states.isSubset(of: [.unsupported, .warm]) { return .warm }
    // What the scheduler does not place pulls nothing.
    let isPulling = nodes[node].pods.contains { pod in
      pod.plan == standing.plan && pod.purpose == .pull && (pod.stage == .asked || pod.stage == .live)
        && pod.unschedulable == nil
    }
    if isPulling { return .pulling }
    if !isReachable(node) { return .unreachable }
    // What is done once has failed when nothing is left to be tried.
    let isOpen = plans[standing.plan].plan.mode == .once && states.contains(.pending)
    if !isOpen, !states.isDisjoint(with: [.failed, .refused]) { return .failed }
    // What is due again is on its way; other digests are shown until then.
    return states.contains(.pending) ? .pending : .stale
  }

  /// Whether a node may get work at all now, or soon.
  func isReachable(_ node: NodeIndex) -> Bool {
    guard let facts = nodes[node].facts, facts.isSchedulable else { return false }
    return facts.isReady || now < nodes[node].createdAt + limits.youth
  }

  private mutating func blocker(
    of node: NodeIndex, _ plan: PlanIndex, isQueued: Bool, isKept: Bool
  ) -> FleetSummary.Blocker {
    if isQueued { return .pacing }
    if let pod = nodes[node].pods.first(where: { $0.plan == plan && $0.unschedulable != nil }) {
      plans[plan].blockedExample = pod.unschedulable.map { "\(nodes[node].name): \($0)" }
      return .noRoom
    }
    if !nodes[node].pods.isEmpty { return .occupied }
    if isKept { return .gated }
    if let pod = nodes[node].busyWith, nodes[node].yields {
      plans[plan].yieldsTo = "\(pod) on \(nodes[node].name)"
      return .busy
    }
    if nodes[node].podBackoff?.isWaiting(at: now) ?? false || nodes[node].awaitsReadiness { return .noRoom }
    return .backingOff
  }
}

/// A set of cell states, in a byte.
private struct CellStates: OptionSet {
  let rawValue: UInt8
  static let unsupported = Self(.unsupported)
  static let warm = Self(.warm)
  static let pending = Self(.pending)
  static let failed = Self(.failed)
  static let refused = Self(.refused)

  init(rawValue: UInt8) { self.rawValue = rawValue }
  init(_ state: FleetMachine.Cell.State) { self.init(rawValue: 1 << state.rawValue) }

  mutating func insert(_ state: FleetMachine.Cell.State) { formUnion(Self(state)) }
}

extension FleetMachine.PlanState {
  /// Whether nodes that hold another digest pull anew.
  var repairs: Bool { plan.refreshes || plan.policy == .always }
  var verifies: Bool { plan.mode == .keep && plan.verifyEvery != nil && begins }

  /// Whether a digest, or what stands in place of one, is that of the wanted image.
  func accepts(_ digest: Int32, at position: Int) -> Bool {
    guard let accepted = accepted[position], digest != HeldImages.unstated else { return true }
    return accepted.contains(digest)
  }

  /// Whether it has to be proved that a node holds the wanted digest.
  func isUnclear(_ held: HeldImages.Entry?, _ alias: FleetMachine.Alias?, at position: Int) -> Bool {
    guard let held, let wanted = wantedDigests[position] else { return false }
    guard let alias else { return held.digest == HeldImages.unclear }
    return alias.disproved != wanted && (alias.needsProof || held.digest == HeldImages.unclear)
  }
}
