import Documents
import ImageModel
import Kubernetes

/// What a plan that comes to an end does on one node after the other.
extension FleetMachine {
  /// Whether the nodes of a plan have turns, each with an outcome.
  func isRollout(_ plan: PlanIndex) -> Bool { rollout.plan == plan }

  // MARK: Nodes come and go

  /// Gives a node that the plan chose a turn, and takes it from one that is not chosen any more.
  mutating func updateTurn(_ node: NodeIndex, _ facts: NodeFacts) {
    guard let plan = rollout.plan else { return }
    let isChosen = nodes[node].statuses.contains { $0.plan == plan }
    if isChosen == (rollout[node] != nil) { return }
    guard isChosen else { return rollout.remove(node) }
    let unsupported = plans[plan].unsupportedImages(on: facts)
    rollout.add(
      node, images: plans[plan].images.count, unsupported: unsupported, imagesPerPod: limits.imagesPerPod)
    actions.append(.rollout(.nodeAdded(facts.name)))
    showCells(of: node)
    if unsupported.count == plans[plan].images.count { finish(node) }
  }

  /// The machine of this name is gone, and its pods with it.
  mutating func forgetTurn(_ node: NodeIndex) {
    guard rollout[node] != nil else { return }
    release(node)
    rollout.remove(node)
    actions.append(.rollout(.nodeGone(nodes[node].name)))
  }

  // MARK: Turns

  /// Puts a node into the queue while it waits for its turn: first those that try again, then as they came.
  private mutating func queueTurn(_ node: NodeIndex) {
    guard let plan = rollout.plan, let turn = rollout[node] else { return }
    let isWaiting =
      turn.isWaiting && rollout.stopped == nil && nodes[node].podBackoff?.isWaiting(at: now) != true
    let missing = turn.shown.indices.filter { !turn.isSettled($0) }
    let lane = NodeQueue.Lane(
      priority: turn.pods > 0 ? .resumed : .fresh, registries: ImageTable.noRegistries,
      seeds: seedWishes(missing, of: plan, on: node))
    plans[plan].queue.set(node, name: turn.queueKey, in: isWaiting ? lane : nil)
  }

  mutating func startTurn(_ node: NodeIndex) {
    guard let plan = rollout.plan else { return }
    budget.take(plan, registries: [])
    let isNew = rollout[node]?.pods == 0 || rollout[node]?.heldBack.isEmpty == false
    rollout[node]?.begin(at: now)
    if isNew { actions.append(.rollout(.nodeStarted(nodes[node].name))) }
    reviewTurn(node)
    markDirty(node)
  }

  /// Does what is due on a node that has a turn.
  mutating func reviewTurn(_ node: NodeIndex) {
    showCells(of: node)
    reviewTime(node)
    for pod in nodes[node].pods where rollout[node]?.isActive == true { reviewRolloutPod(pod, node) }
    advance(node)
    // What no seed could get was given up here too.
    if let turn = rollout[node], turn.isWaiting, turn.shown.allSatisfy(\.isSettled) { finish(node) }
    queueTurn(node)
  }

  /// The next pod, the end of pods that are done, the end of the node.
  ///
  /// The pod of the next part is made when no image of the parts before it is being tried for the first time, so that
  /// the order of the images holds and one that cannot be pulled does not hold up the others. Those apart come together.
  private mutating func advance(_ node: NodeIndex) {
    guard let plan = rollout.plan else { return }
    while let turn = rollout[node], turn.mayTakePart, let part = rollout[node]?.takePart() {
      let missing = part.filter { !turn.isSettled($0) }
      let wanted = missing.filter { admitsSeed($0, of: plan, on: node) }
      rollout[node]?.hold(back: Set(missing).subtracting(wanted))
      guard !wanted.isEmpty else { continue }
      makePod(node, wanted, .pull)
      noteSeeds(node, of: plan)
    }
    guard let turn = rollout[node], turn.isActive else { return }
    for pod in nodes[node].pods where positions(of: pod).allSatisfy(turn.isSettled) { dropPod(pod.id, on: node) }
    if turn.shown.allSatisfy(\.isSettled) { return finish(node) }
    // What is left waits for seeds, and others have the place meanwhile.
    guard nodes[node].pods.isEmpty, turn.proofUntil == nil, !turn.heldBack.isEmpty else { return }
    release(node)
    showCells(of: node)
    actions.append(.rollout(.nodeWaits(nodes[node].name)))
  }

  /// Ends a node; what was being pulled is so no more.
  mutating func finish(_ node: NodeIndex, as outcome: NodeOutcome = .incomplete) {
    guard let turn = rollout[node], turn.outcome == nil else { return }
    release(node)
    showCells(of: node)
    let result = turn.ownOutcome ?? outcome
    rollout.finish(node, as: result)
    actions.append(.rollout(.nodeFinished(nodes[node].name, result)))
    queueTurn(node)
    if rollout.stopped == nil, rollout.hasFailed { stop(.maxFailures(failed: rollout.failedNodes)) }
  }

  /// Gives back a node's place and deletes its pods.
  mutating func release(_ node: NodeIndex) {
    for pod in nodes[node].pods { dropPod(pod.id, on: node) }
    guard let plan = rollout.plan, rollout[node]?.isActive == true else { return }
    rollout[node]?.release(at: now)
    budget.giveBack(plan, registries: [])
    markDirty(plan)
  }

  // MARK: Stop

  /// Begins nothing any more; only what too many failures stopped is brought to its end.
  mutating func stop(_ reason: StopReason) {
    guard rollout.stop(reason) else { return }
    actions.append(.rollout(.stopping(reason)))
    for node in rollout.order where rollout[node]?.isWaiting == true { finish(node, as: .notDone) }
    if rollout.isDraining { return }
    let active = rollout.order.filter { rollout[$0]?.isActive == true }
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

  /// When the time of the whole is over; nil where it has no limit, or all is ended already.
  var rolloutEnd: Duration? {
    guard let plan = rollout.plan, rollout.isOpen else { return nil }
    return rollout.rules.timeout.map { plans[plan].plan.createdAt + $0 }
  }

  /// When no further node is begun; nil where that is over, or never.
  private var rolloutClosing: Duration? {
    guard let plan = rollout.plan, rollout.stopped == nil else { return nil }
    return rollout.rules.notAfter.map { plans[plan].plan.createdAt + $0 }
  }

  /// When the rollout is to be reviewed by time alone.
  var nextRolloutReview: Duration? { earliest(rolloutEnd, rolloutClosing) }

  /// Stops when the time of the whole is over, or that in which nodes are begun.
  mutating func reviewRollout() {
    if let closing = rolloutClosing, now >= closing { stop(.late) }
    guard let timeout = rollout.rules.timeout, let end = rolloutEnd, now >= end else { return }
    stop(.timedOut(timeout))
  }

  // MARK: What others ask

  /// Whether every wanted node has its outcome.
  package var isRolloutFinished: Bool { rollout.isFinished }
  package var stopReason: StopReason? { rollout.stopped }
  /// Whether a node is wanted, or was and had its turn.
  package func hasTurn(_ name: String) -> Bool { nodes.index(of: name).map { rollout[$0] != nil } ?? false }

  package var rolloutState: RolloutState {
    var coverage = Coverage(images: rollout.plan.map { plans[$0].plan.images.map(\.reference) } ?? [])
    let reports = rollout.order.compactMap { node -> RolloutState.Node? in
      guard let turn = rollout[node] else { return nil }
      coverage.append(node: nodes[node].name, cells: turn.shown)
      return RolloutState.Node(
        name: nodes[node].name, outcome: turn.outcome, spent: turn.pods == 0 ? nil : turn.spent, pods: turn.pods)
    }
    return RolloutState(coverage: coverage, nodes: reports, stopped: rollout.stopped, retries: rollout.retries)
  }
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
