import Documents
import ImageModel
import Kubernetes

/// What a plan that comes to an end does on one node after the other.
extension FleetMachine {
  /// Whether a Prepull's nodes have turns, each with an outcome.
  func isRollout(_ plan: PlanIndex) -> Bool { rollout?.plan == plan }

  // MARK: Nodes come and go

  /// Gives a node that the plan chose a turn, and takes it from one that is not chosen any more.
  mutating func updateTurn(_ node: NodeIndex, _ facts: NodeFacts) {
    guard let rollout else { return }
    let isChosen = nodes[node].statuses.contains { $0.plan == rollout.plan }
    if isChosen == (rollout[node] != nil) { return }
    guard isChosen else {
      self.rollout?.remove(node)
      return
    }
    let state = plans[rollout.plan]
    let unsupported = state.unsupportedImages(on: facts)
    self.rollout?.add(
      node, images: state.images.count, unsupported: unsupported, imagesPerPod: limits.imagesPerPod)
    actions.append(.rollout(.nodeAdded(facts.name)))
    showCells(of: node)
    if unsupported.count == state.images.count { finish(node) }
  }

  /// The machine of this name is gone, and its pods with it.
  mutating func forgetTurn(_ node: NodeIndex) {
    guard rollout?[node] != nil else { return }
    dropPods(of: node)
    if rollout?[node]?.isActive == true { giveBackTurn(node) }
    rollout?.remove(node)
    actions.append(.rollout(.nodeGone(nodes[node].name)))
  }

  // MARK: Turns

  /// Puts a node into the queue while it waits for its turn: first those that try again, then as they came.
  mutating func queueTurn(_ node: NodeIndex) {
    guard let rollout, let turn = rollout[node] else { return }
    let isWaiting =
      turn.isWaiting && rollout.stopped == nil && nodes[node].podBackoff?.isWaiting(at: now) != true
    let lane = NodeQueue.Lane(
      priority: turn.pods > 0 ? .resumed : .fresh, registries: ImageTable.noRegistries)
    plans[rollout.plan].queue.set(node, name: turn.queueKey, in: isWaiting ? lane : nil)
  }

  mutating func startTurn(_ node: NodeIndex) {
    guard let plan = rollout?.plan else { return }
    plans[plan].queue.set(node, name: "", in: nil)
    budget.take(plan, registries: [])
    rollout?[node]?.begin(at: now)
    if rollout?[node]?.pods == 0 { actions.append(.rollout(.nodeStarted(nodes[node].name))) }
    advance(node)
    markDirty(node)
  }

  /// Does what is due on a node at work.
  mutating func reviewTurn(_ node: NodeIndex) {
    reviewTime(node)
    for pod in nodes[node].pods where rollout?[node]?.isActive == true { reviewRolloutPod(pod, node) }
    advance(node)
    showCells(of: node)
    queueTurn(node)
  }

  /// The next pod, the end of pods that are done, the end of the node.
  ///
  /// The pod of the next part is made when no image of the parts before it is being tried for the first time, so that
  /// the order of the images holds and one that cannot be pulled does not hold up the others. Those apart come together.
  private mutating func advance(_ node: NodeIndex) {
    while let turn = rollout?[node], turn.isActive, turn.proofUntil == nil,
      turn.before.allSatisfy({ turn.isTried($0) || isSettled($0, on: node) }), let part = rollout?[node]?.takePart()
    {
      let wanted = part.filter { !isSettled($0, on: node) }
      if !wanted.isEmpty { makePod(node, wanted, .pull) }
    }
    guard let turn = rollout?[node], turn.isActive else { return }
    for pod in nodes[node].pods where positions(of: pod).allSatisfy({ isSettled($0, on: node) }) {
      dropPod(pod.id, on: node)
    }
    if turn.shown.indices.allSatisfy({ isSettled($0, on: node) }) { finish(node) }
  }

  /// Ends a node: every cell stays as it is.
  mutating func finish(_ node: NodeIndex, as outcome: NodeOutcome? = nil) {
    guard let rollout, let turn = rollout[node], turn.outcome == nil else { return }
    showCells(of: node)
    release(node)
    let states = Set((self.rollout?[node]?.shown ?? []).map(\.state))
    let result: NodeOutcome =
      states.isSubset(of: [.unsupported])
      ? .unsupported
      : states.isSubset(of: [.warm, .unsupported]) ? .warm : outcome ?? .incomplete
    self.rollout?.finish(node, as: result)
    actions.append(.rollout(.nodeFinished(nodes[node].name, result)))
    queueTurn(node)
    guard let after = self.rollout, after.stopped == nil, after.hasFailed else { return }
    stop(.maxFailures(failed: after.failedNodes))
  }

  /// Gives back a node's place and deletes its pods.
  mutating func release(_ node: NodeIndex) {
    dropPods(of: node)
    guard rollout?[node]?.isActive == true else { return }
    giveBackTurn(node)
    showCells(of: node)
  }

  private mutating func giveBackTurn(_ node: NodeIndex) {
    guard let plan = rollout?.plan else { return }
    rollout?[node]?.release(at: now)
    budget.giveBack(plan, registries: [])
    markDirty(plan)
  }

  // MARK: Stop

  /// Begins nothing any more; only what too many failures stopped is brought to its end.
  mutating func stop(_ reason: StopReason) {
    guard rollout?.stop(reason) == true, let rollout else { return }
    actions.append(.rollout(.stopping(reason)))
    for node in rollout.order where self.rollout?[node]?.isWaiting == true { finish(node, as: .notDone) }
    if rollout.isDraining { return }
    let active = rollout.order.filter { self.rollout?[$0]?.isActive == true }
    for node in active.sorted(by: { nodes[$0].name < nodes[$1].name }) {
      if case .timedOut(let limit) = reason {
        giveUpAll(
          on: node,
          for: WarmFailure(
            code: "timedOut", detail: "not confirmed when the \(limit.words) of --timeout were over",
            remedy: "Raise --timeout, or raise --parallelism if the registry can take it."))
      }
      finish(node, as: .notDone)
    }
  }

  /// Stops when the time of the whole is over.
  mutating func reviewRollout(_ plan: PlanIndex) {
    guard let rollout, rollout.plan == plan, let timeout = rollout.rules.timeout, now >= timeout,
      rollout.stopped == nil || rollout.isDraining
    else { return }
    stop(.timedOut(timeout))
  }

  // MARK: What others ask

  /// Whether every wanted node has its outcome.
  package var isRolloutFinished: Bool { rollout?.isFinished ?? true }
  package var stopReason: StopReason? { rollout?.stopped }
  /// Whether a node is wanted, or was and had its turn.
  package func hasTurn(_ name: String) -> Bool { nodes.index(of: name).map { rollout?[$0] != nil } ?? false }

  package var rolloutState: RolloutState {
    var coverage = Coverage(images: rollout.map { plans[$0.plan].plan.images.map(\.reference) } ?? [])
    var reports: [RolloutState.Node] = []
    for node in rollout?.order ?? [] {
      guard let turn = rollout?[node] else { continue }
      let name = nodes[node].name
      coverage.append(node: name, cells: turn.shown)
      reports.append(
        RolloutState.Node(name: name, outcome: turn.outcome, spent: turn.pods == 0 ? nil : turn.spent, pods: turn.pods))
    }
    return RolloutState(
      coverage: coverage, nodes: reports, stopped: rollout?.stopped, retries: rollout?.retries ?? 0)
  }
}

extension RolloutTurn {
  /// By which the queue keeps the order in which nodes came.
  fileprivate var queueKey: String { "\(1_000_000_000 + arrival)" }
}

extension FleetMachine.PlanState {
  /// The images that have nothing for a node, and why.
  fileprivate func unsupportedImages(on facts: NodeFacts) -> [Int: String] {
    if case .unsupported(let reason) = choice.verdict(for: facts) {
      return Dictionary(uniqueKeysWithValues: images.indices.map { ($0, reason) })
    }
    var reasons: [Int: String] = [:]
    for (position, image) in plan.images.enumerated() {
      guard let resolution = image.resolution, !resolution.supports(facts.platform) else { continue }
      let platforms = resolution.platforms.map(\.description).joined(separator: ", ")
      reasons[position] = "it has images for \(platforms) only, not for \(facts.platform)"
    }
    return reasons
  }
}
