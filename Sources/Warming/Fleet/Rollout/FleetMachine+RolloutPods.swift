import Documents
import ImageModel
import Kubernetes
import Networking

/// The pods of a rollout, of which a node may have several, and what they say.
extension FleetMachine {
  func positions(of pod: LivePod) -> [Int] { pod.images.compactMap { plans[pod.plan].positions[$0.number] } }

  // MARK: Cells

  /// Reports what changed in a node's cells.
  mutating func showCells(of node: NodeIndex) {
    guard let plan = rollout.plan, let turn = rollout[node] else { return }
    for (position, cell) in cells(of: turn, plans[plan], nodes[node]).enumerated() where cell != turn.shown[position] {
      rollout[node]?.shown[position] = cell
      actions.append(.rollout(.cell(node: nodes[node].name, image: position, cell)))
    }
  }

  private func cells(of turn: RolloutTurn, _ plan: PlanState, _ node: NodeState) -> [Coverage.Cell] {
    plan.images.enumerated().map { position, image in
      if let reason = turn.unsupported[position] { return .unsupported(reason) }
      if let held = node.held[HeldImages.Key(image: image, access: plan.access)] {
        let digest = held.digest.isKnown ? imageTable.digests[held.digest] : nil
        if let digest, !plan.accepts(held.digest, at: position) { return .stale(digest) }
        return .warm(digest)
      }
      if let failure = node.failures[FailureKey(owner: plan.owner, image: image)] { return .failed(failure.failure) }
      return turn.isPulling(position) ? .pulling : .pending
    }
  }

  // MARK: Pods

  mutating func makePod(_ node: NodeIndex, _ positions: [Int], _ purpose: FleetPod.Purpose) {
    guard let plan = rollout.plan, let facts = nodes[node].facts else { return }
    let policy: FleetPod.Policy =
      purpose == .verify ? .never : plans[plan].plan.policy == .always ? .always : .ifNotPresent
    let pod = LivePod(
      id: FleetPod.ID(
        prepull: plans[plan].id, node: nodes[node].name, nodeUID: facts.uid, serial: rollout.nextPod()),
      plan: plan, purpose: purpose, access: plans[plan].access,
      images: positions.map { LivePod.Image(number: plans[plan].images[$0], policy: policy) }, registries: [],
      stage: .asked, createdAt: now, progressAt: now)
    rollout[node]?.podMade()
    ask(for: pod, on: node, facts)
  }

  /// Has a pod deleted. Another one never has its name, so it need not be waited for.
  mutating func dropPod(_ id: FleetPod.ID, on node: NodeIndex) {
    guard let index = nodes[node].pods.firstIndex(where: { $0.id == id }) else { return }
    if nodes[node].pods[index].stage == .live { rollout.podDropped(id.serial, at: now) }
    actions.append(.delete(id, uid: nodes[node].pods[index].uid))
    removePod(node, index)
  }

  // MARK: What they say

  /// Takes in the failures that a pod tells of.
  mutating func readFailures(of pod: LivePod, on node: NodeIndex) {
    showCells(of: node)
    for image in pod.images {
      guard case .failing(let cause, let nature, let count) = image.report,
        let position = plans[pod.plan].positions[image.number], rollout[node]?.isSettled(position) == false
      else { continue }
      let failure = ImageFailure(failure: failures.share(cause), nature: nature)
      if pod.purpose == .verify {
        let isAbsent = cause.code == "neverPull"
        giveUp(position, on: node, isAbsent ? timeoutFailure(of: node, isProven: true) : failure)
      } else if rollout[node]?.failed(position, failure, count: count, inPod: pod.id.serial) == true {
        if rollout.isBelieved(failure, of: position, on: node) {
          rollout.gaveUp(failure, of: position)
          giveUp(position, on: node, failure)
        } else {
          // The kubelet goes on trying.
          showCells(of: node)
          let name = nodes[node].name
          actions.append(.rollout(.imageFailed(node: name, image: position, failure.failure, isFinal: false)))
        }
      }
    }
  }

  /// A node holds an image.
  mutating func noteHeld(_ image: ImageNumber, on node: NodeIndex) {
    if let position = rollout.plan.flatMap({ plans[$0].positions[image] }) { rollout.held(position, on: node) }
  }

  /// The kubelet says that it pulls an image, or that it is there; the pod's status has yet to confirm it.
  mutating func imageMoved(_ id: FleetPod.ID, _ reference: String, isPulled: Bool) {
    guard let (node, _) = position(of: id), let image = imageTable.references.known(reference),
      let position = rollout.plan.flatMap({ plans[$0].positions[image] }), rollout[node]?.isSettled(position) == false
    else { return }
    rollout[node]?.moved(position, isPulling: !isPulled, isPulled: isPulled)
    markDirty(node)
  }

  /// An event told of a failure, which the pod's status may tell later or never.
  mutating func imageFailed(_ id: FleetPod.ID, _ reference: String, _ report: FleetPod.Report) {
    guard let (node, pod) = position(of: id), let number = imageTable.references.known(reference),
      let image = nodes[node].pods[pod].images.firstIndex(where: { $0.number == number }),
      let new = nodes[node].pods[pod].images[image].report.followed(by: report)
    else { return }
    nodes[node].pods[pod].images[image].report = new
    readFailures(of: nodes[node].pods[pod], on: node)
    markDirty(node)
  }

  mutating func podWarned(_ id: FleetPod.ID, _ text: String) {
    if let (node, _) = position(of: id) { rollout[node]?.warned(text) }
  }

  // MARK: Giving up

  /// No further pod of the node tries an image.
  mutating func giveUp(_ position: Int, on node: NodeIndex, _ failure: ImageFailure) {
    guard let plan = rollout.plan else { return }
    let key = FailureKey(owner: plans[plan].owner, image: plans[plan].images[position])
    nodes[node].failures[key] = Backoff(reason: failure, tries: plans[plan].plan.retries, retryAt: nil)
    showCells(of: node)
    actions.append(
      .rollout(.imageFailed(node: nodes[node].name, image: position, failure.failure, isFinal: true)))
    markDirty(node)
  }

  /// Gives up what is not settled on a node: for the cause that the kubelet gave, else for `failure`.
  ///
  /// - Parameter spared: images that are left as they are.
  mutating func giveUpAll(on node: NodeIndex, for failure: WarmFailure, sparing spared: [Int] = []) {
    guard let turn = rollout[node] else { return }
    for position in turn.shown.indices where !turn.isSettled(position) && !spared.contains(position) {
      let own = turn.failure(of: position)
      if let own { rollout.gaveUp(own, of: position) }
      giveUp(position, on: node, own ?? ImageFailure(failure: failure, nature: .local))
    }
  }
}
