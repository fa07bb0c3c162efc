import Documents
import ImageModel
import Networking

/// The limits of a rollout's waits on one node.
extension FleetMachine {
  /// When something is due on a node by time alone.
  func nextDue(of turn: RolloutTurn, on node: NodeIndex) -> Duration? {
    let state = nodes[node]
    guard let plan = rollout.plan, let end = turn.end(timeout: timeout(of: plan, on: node)) else {
      return turn.isWaiting ? state.podBackoff?.retryAt.flatMap { $0 > now ? $0 : nil } : nil
    }
    var due = end
    for pod in state.pods {
      if let creation = pod.createAt { due = min(due, creation) }
      if pod.unschedulable != nil, !pod.isScheduled { due = min(due, pod.createdAt + limits.schedulingTimeout) }
    }
    return due
  }

  mutating func reviewTime(_ node: NodeIndex) {
    guard let turn = rollout[node], let plan = rollout.plan, let end = turn.end(timeout: timeout(of: plan, on: node)),
      now >= end
    else { return }
    if turn.proofUntil != nil || !startProof(node) { timeOut(node) }
  }

  /// Asks for a pod again, or sees that it came to nothing.
  mutating func reviewRolloutPod(_ pod: LivePod, _ node: NodeIndex) {
    guard let turn = rollout[node], let (_, index) = position(of: pod.id) else { return }
    if pod.stage == .asked {
      guard let due = pod.createAt, due <= now, let facts = nodes[node].facts else { return }
      nodes[node].pods[index].createAt = nil
      actions.append(order(pod, on: facts))
    } else if positions(of: pod).allSatisfy(turn.isSettled) {
      return
    } else if case .failed(let reason) = pod.phase {
      retry(node, reason)
    } else if pod.isBeingDeleted {
      retry(node, "its pod was deleted by somebody else")
    } else if let reason = pod.unschedulable, !pod.isScheduled, now >= pod.createdAt + limits.schedulingTimeout {
      retry(node, "not scheduled: \(reason)")
    }
  }

  /// Gives the node's place to others and tries again later; gives up when there are no tries left.
  ///
  /// - Parameter roomIn: when there may be room; to wait for it is no try that counts, and takes no time of the node's.
  mutating func retry(_ node: NodeIndex, _ reason: String, roomIn: Duration? = nil) {
    guard let plan = rollout.plan, let turn = rollout[node], turn.isActive else { return }
    if turn.proofUntil != nil { return timeOut(node) }
    release(node)
    showCells(of: node)
    let name = nodes[node].name
    let before = nodes[node].podBackoff?.tries ?? 0
    if rollout.stopped == nil, let wait = roomIn ?? rollout.rules.retry.delay(before: before + 2, random: 0),
      roomIn != nil || turn.spent(at: now) + wait < timeout(of: plan, on: node)
    {
      rollout.retried()
      if roomIn == nil { rollout[node]?.wait(wait) }
      nodes[node].podBackoff = Backoff(
        reason: reason, tries: roomIn == nil ? before + 1 : before, retryAt: now + wait)
      actions.append(.rollout(.retrying(node: name, reason: reason, after: wait)))
      markDirty(node)
      return
    }
    let tries = turn.pods == 1 ? "" : " (\(turn.pods) pods tried)"
    let failure = WarmFailure(
      code: "refused", detail: "no pod came to run on the node: \(reason)\(tries)",
      remedy: "See why the node takes no pod (kubectl describe node \(name)), then run again.")
    giveUpAll(on: node, for: failure)
    finish(node, as: .refused(failure))
  }

  private mutating func timeOut(_ node: NodeIndex) {
    giveUpAll(on: node, for: timeoutFailure(of: node, isProven: false).failure)
    finish(node)
  }

  /// - Parameter isProven: whether the node was asked, and does not hold the image.
  func timeoutFailure(of node: NodeIndex, isProven: Bool) -> ImageFailure {
    let limit = rollout.plan.map { timeout(of: $0, on: node) } ?? .zero
    let note = rollout[node]?.note.map { ": \($0)" } ?? ""
    let failure = WarmFailure(
      code: "timedOut",
      detail: "\(isProven ? "not there" : "not confirmed") after \(limit.words) of --node-timeout\(note)",
      remedy: "Raise --node-timeout if the image is large or the link slow, or see the node's kubelet.")
    return ImageFailure(failure: failure, nature: .local)
  }

  /// Asks a node whose time is over what it holds: a kubelet that waits for one image reports none of its pod's others.
  ///
  /// - Returns: whether there is anything to ask.
  private mutating func startProof(_ node: NodeIndex) -> Bool {
    guard let turn = rollout[node], nodes[node].pods.contains(where: { $0.stage == .live }) else { return false }
    let open = turn.shown.indices.filter { !turn.isSettled($0) && turn.failure(of: $0) == nil }
    guard !open.isEmpty else { return false }
    giveUpAll(on: node, for: timeoutFailure(of: node, isProven: false).failure, sparing: open)
    for pod in nodes[node].pods { dropPod(pod.id, on: node) }
    let end = now + rollout.rules.proofTimeout
    rollout[node]?.prove(until: end)
    for images in RolloutTurn.split(open, by: limits.imagesPerPod) { makePod(node, images, .verify) }
    return true
  }

  func timeout(of plan: PlanIndex, on node: NodeIndex) -> Duration {
    plans[plan].plan.timeout(on: nodes[node].facts)
  }

  // MARK: Creation

  /// A pod was not made for a reason that goes beyond it.
  mutating func rolloutPodRefused(_ id: FleetPod.ID, _ failure: WarmFailure, isCrowded: Bool) {
    guard let (node, index) = position(of: id) else { return }
    let isProof = nodes[node].pods[index].purpose == .verify
    if isCrowded, isProof || nodes[node].pods.contains(where: { $0.stage == .live }) {
      // The node's other pods make room, and a proof has its own limit.
      nodes[node].pods[index].createAt = now + (isProof ? .seconds(2) : .seconds(10))
      return
    }
    removePod(node, index)
    if isProof { return timeOut(node) }
    // Room comes when others are done; those that are asked for may have taken it.
    let mayGetRoom = rollout.isLeaving(at: now) || rollout.order.contains { !nodes[$0].pods.isEmpty }
    if isCrowded, mayGetRoom { retry(node, failure.detail, roomIn: .seconds(10)) } else { stop(.refused(failure)) }
  }
}
