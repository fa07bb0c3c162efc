import ImageModel
import Kubernetes

/// How a node stands for the Prepulls that chose it, and what is to be done there: the node and the Prepulls in,
/// decisions out. It changes nothing.
struct NodeReconciler: Sendable {
  typealias Cell = FleetMachine.Cell
  typealias State = FleetMachine.State
  typealias PlanState = FleetMachine.PlanState
  typealias Status = FleetMachine.Status
  typealias FailureKey = FleetMachine.FailureKey

  let node: FleetMachine.NodeState
  let index: NodeIndex
  let now: Duration
  let limits: FleetLimits

  /// What a Prepull finds on the node.
  struct Work: Sendable {
    var cells: [Cell] = []
    /// Positions of images to pull now.
    var due: [Int] = []
    /// Positions of images whose presence is to be proved.
    var unproved: [Int] = []
    /// Whether one of those due failed here before.
    var isAgain = false
    /// When there will be more to do.
    var nextDue: Duration?

    /// Whether images are due that wait for the time in which nodes are begun.
    var isClosed = false
    var means = FleetMachine.Means.kubelet

    var isEmpty: Bool { due.isEmpty && unproved.isEmpty }
  }

  /// What follows for one Prepull.
  struct Decision: Sendable {
    var cells: [Cell]
    /// Its share in the counts of the Prepull.
    var share: PrepullCounts.Share
    /// An example of what blocks it, in words.
    var example: String?
    /// Where it waits for a pod; nil when there is nothing to do, or not now.
    var priority: NodeQueue.Priority?
    /// Registries that the pod would pull from.
    var registries: [RegistryNumber] = []
    /// Positions of images to pull, where some may have to wait for seeds.
    var due: [Int] = []
    var nextDue: Duration?
  }

  /// For each Prepull that chose the node, in their order.
  func decisions(in plans: PrepullTable) -> [Decision] {
    let works = node.statuses.map { work(for: plans[$0.plan], $0) }
    // What a gate waits for goes before all else on its node.
    let isKept = zip(node.statuses, works).contains { status, work in
      !work.isEmpty && plans[status.plan].begins && isGated(by: plans[status.plan])
    }
    return zip(node.statuses, works).map { status, work in
      let plan = plans[status.plan]
      return decision(for: plan, status, work, isKept: isKept && !isGated(by: plan))
    }
  }

  /// - Parameter isKept: the images of a gate go first.
  private func decision(for plan: PlanState, _ status: Status, _ work: Work, isKept: Bool) -> Decision {
    let state = state(for: plan, status, work)
    let isFailing = state != .unreachable && work.cells.contains { $0.state == .failed }
    var decision = Decision(
      cells: work.cells, share: PrepullCounts.Share(state: state, isFailing: isFailing), nextDue: work.nextDue)
    decision.share.lacksAgent = work.means == .none && !status.isUnsupported
    if !isKept, isOpen(to: work.means), plan.begins, let priority = priority(of: work) {
      decision.priority = priority
      // Which of them come first is not known beforehand where seeds go ahead.
      let most = plan.growth.isOn ? Int.max : limits.imagesPerPod
      decision.registries = work.due.prefix(most).map { plan.registries[$0] }
      if plan.growth.isOn { decision.due = work.due }
    }
    if state == .pending {
      let blocker = blocker(of: status.plan, isQueued: decision.priority != nil, isKept: isKept, work)
      decision.share.blocker = blocker.kind
      decision.example = blocker.example
    }
    return decision
  }

  /// Whether a closed gate of the node waits for a Prepull.
  private func isGated(by plan: PlanState) -> Bool { plan.plan.gate.map { node.gates.isClosed($0.taint) } ?? false }

  private func priority(of work: Work) -> NodeQueue.Priority? {
    if work.due.isEmpty { return work.unproved.isEmpty ? nil : node.isGated ? .gatedAgain : .verify }
    let isAgain = work.isAgain || work.cells.contains { $0.state == .failed }
    return node.isGated ? (isAgain ? .gatedAgain : .gated) : (isAgain ? .again : .fresh)
  }

  /// Whether the node may be given a pod now, or its agent an order. An agent paces itself beside pods of others.
  private func isOpen(to means: FleetMachine.Means) -> Bool {
    switch means {
    case .kubelet: if node.yields { return false }
    case .agent: break
    case .awaited, .none: return false
    }
    return node.pods.isEmpty && !node.hasDiskPressure && !(node.podBackoff?.isWaiting(at: now) ?? false)
      && node.isReachable(at: now, limits) && !(node.awaitsReadiness && node.facts?.isReady == false)
  }

  // MARK: State

  private func state(for plan: PlanState, _ status: Status, _ work: Work) -> State {
    var states = CellStates()
    for cell in work.cells { states.insert(cell.state) }
    if status.isUnsupported || states == [.unsupported] { return .unsupported }
    if states.isSubset(of: [.unsupported, .warm]) { return .warm }
    // What the scheduler does not place pulls nothing.
    let isPulling = node.pods.contains { pod in
      pod.plan == status.plan && pod.purpose == .pull && (pod.stage == .asked || pod.stage == .live)
        && pod.unschedulable == nil
    }
    if isPulling { return .pulling }
    if !node.isReachable(at: now, limits) { return .unreachable }
    // What is done once has failed when nothing is left to be tried.
    let isOpen = plan.plan.mode == .once && states.contains(.pending)
    if !isOpen, !states.isDisjoint(with: [.failed, .refused]) { return .failed }
    // What is due again is on its way; other digests are shown until then.
    return states.contains(.pending) ? .pending : .stale
  }

  private func blocker(of plan: PlanIndex, isQueued: Bool, isKept: Bool, _ work: Work) -> (
    kind: FleetSummary.Blocker, example: String?
  ) {
    if isQueued { return (.pacing, nil) }
    if work.means == .awaited { return (.agent, nil) }
    if work.isClosed, work.isEmpty { return (.closed, nil) }
    if let pod = node.pods.first(where: { $0.plan == plan && $0.unschedulable != nil }) {
      return (.noRoom, pod.unschedulable.map { "\(node.name): \($0)" })
    }
    if !node.pods.isEmpty { return (.occupied, nil) }
    if isKept { return (.gated, nil) }
    if node.hasDiskPressure { return (.disk, nil) }
    if let pod = node.busyWith, node.yields { return (.busy, "\(pod) on \(node.name)") }
    if node.podBackoff?.isWaiting(at: now) ?? false || node.awaitsReadiness { return (.noRoom, nil) }
    return (.backingOff, nil)
  }

  // MARK: Images

  func work(for plan: PlanState, _ status: Status) -> Work {
    var work = Work()
    work.cells.reserveCapacity(plan.images.count)
    work.means = node.means(of: plan.plan.engine, at: now, limits)
    if work.means == .awaited || work.means == .none { work.nextDue = node.nextMeans(at: now, limits) }
    let supported = status.isUnsupported ? [] : plan.support(on: node.facts)
    let isOnce = plan.plan.mode == .once
    let isOpen = !plan.plan.isClosed || isGated(by: plan) && !plan.plan.closesAll
    // What an agent cannot pull is left to the kubelet, after all else.
    var kubelets: (due: [Int], unproved: [Int]) = ([], [])
    for position in plan.images.indices {
      guard !status.isUnsupported, work.means != .none, supported.isEmpty || supported[position] else {
        work.cells.append(Cell(state: .unsupported))
        continue
      }
      let image = plan.images[position]
      let key = HeldImages.Key(image: image, access: plan.access)
      let held = node.held[key]
      // An agent sees by itself what its node holds.
      let isLeft = work.means == .agent && node.leavesToKubelet(image, plan.plan.engine)
      let isSeen = (work.means == .agent || work.means == .awaited) && !isLeft
      let isUnclear = !isSeen && plan.isUnclear(held, node.aliases[key], at: position)
      let isUnverified = !isSeen && plan.verifies && node.checks.awaits(key)
      if held != nil, isUnclear || isUnverified {
        if isLeft { kubelets.unproved.append(position) } else { work.unproved.append(position) }
      }
      if let held, plan.accepts(held.digest, at: position) {
        work.cells.append(Cell(state: .warm))
        continue
      }
      if isUnclear {
        work.cells.append(Cell(state: .pending))
        continue
      }
      if held != nil, !plan.repairs {
        work.cells.append(Cell(state: .stale))
        continue
      }
      let failure = node.failures[FailureKey(owner: plan.owner, image: image)]
      var cell = Cell(state: .pending, isFinal: failure?.nature == .final)
      if let failure, failure.isFailure(in: plan.plan) { cell.state = .failed }
      if failure == nil, isOnce, node.lostPods[status.plan, default: 0] >= plan.plan.retries { cell.state = .failed }
      let isRefused = plan.refusals.isRefused(position)
      if isRefused { cell.state = held == nil ? .refused : .stale }
      work.cells.append(cell)
      guard plan.refusals.mayTry(position, index), !(isOnce && cell.state == .failed) else { continue }
      if !isRefused, let failure {
        guard let retryAt = failure.retryAt else { continue }
        guard retryAt <= now else {
          work.nextDue = min(work.nextDue ?? retryAt, retryAt)
          continue
        }
      }
      guard isOpen || node.missing.contains(key) && !plan.plan.closesAll else {
        work.isClosed = true
        continue
      }
      if isLeft { kubelets.due.append(position) } else { work.due.append(position) }
      if failure != nil { work.isAgain = true }
    }
    if work.isEmpty, !(kubelets.due.isEmpty && kubelets.unproved.isEmpty) {
      (work.means, work.due, work.unproved) = (.kubelet, kubelets.due, kubelets.unproved)
    }
    return work
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

extension FleetMachine.NodeState {
  /// Whether it may get work at all now, or soon.
  func isReachable(at now: Duration, _ limits: FleetLimits) -> Bool {
    guard let facts else { return false }
    if !limits.awaitsReadiness { return true }
    guard facts.isSchedulable else { return false }
    return facts.isReady || now < createdAt + limits.startupGracePeriod
  }
}

extension FleetMachine.PlanState {
  /// By position, whether a node's platform has the image; empty when it has all.
  func support(on facts: NodeFacts?) -> [Bool] { facts.flatMap { supported[$0.platform.key] } ?? [] }

  /// Whether nodes that hold another digest pull again.
  var repairs: Bool { plan.refreshes || plan.policy == .always }
  var verifies: Bool { plan.mode == .keep && plan.verifyEvery != nil && begins }

  /// Whether a digest, or what stands in place of one, is that of the wanted image.
  func accepts(_ digest: DigestNumber, at position: Int) -> Bool {
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
