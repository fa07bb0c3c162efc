import Kubernetes
import Documents
import ImageModel
import Networking

/// The pods of a rollout, of which a node may have several, and what they say.
extension FleetMachine {
  // MARK: Images

  /// How an image stands on a node.
  private func cell(_ position: Int, of turn: RolloutTurn, _ plan: PlanState, on node: NodeIndex) -> Coverage.Cell {
    if let reason = turn.unsupported[position] { return .unsupported(reason) }
    let image = plan.images[position]
    if let held = nodes[node].held[HeldImages.Key(image: image, access: plan.access)] {
      let digest = held.digest.isKnown ? imageTable.digests[held.digest] : nil
      if let digest, !plan.accepts(held.digest, at: position) { return .stale(digest) }
      return .warm(digest)
    }
    if let failure = nodes[node].failures[FailureKey(owner: plan.owner, image: image)] {
      return .failed(failure.failure)
    }
    return turn.isPulling(position) ? .pulling : .pending
  }

  func isSettled(_ position: Int, on node: NodeIndex) -> Bool {
    guard let rollout, let turn = rollout[node] else { return true }
    return cell(position, of: turn, plans[rollout.plan], on: node).isSettled
  }

  func positions(of pod: LivePod) -> [Int] { pod.images.compactMap { plans[pod.plan].positions[$0.number] } }

  /// Reports what changed in a node's cells.
  mutating func showCells(of node: NodeIndex) {
    guard let rollout, let turn = rollout[node] else { return }
    let plan = plans[rollout.plan]
    for position in turn.shown.indices {
      let cell = cell(position, of: turn, plan, on: node)
      guard cell != turn.shown[position] else { continue }
      self.rollout?[node]?.shown[position] = cell
      actions.append(.rollout(.cell(node: nodes[node].name, image: position, cell)))
    }
  }

  // MARK: Pods

  mutating func makePod(_ node: NodeIndex, _ positions: [Int], _ purpose: FleetPod.Purpose) {
    guard let plan = rollout?.plan, let facts = nodes[node].facts, let serial = rollout?.nextPod() else { return }
    let policy: FleetPod.Policy =
      purpose == .verify ? .never : plans[plan].plan.policy == .always ? .always : .ifNotPresent
    let pod = LivePod(
      id: FleetPod.ID(prepull: plans[plan].id, node: nodes[node].name, nodeUID: facts.uid, serial: serial), plan: plan,
      purpose: purpose, access: plans[plan].access,
      images: positions.map { LivePod.Image(number: plans[plan].images[$0], policy: policy) }, registries: [],
      stage: .asked, createdAt: now, progressAt: now)
    rollout?[node]?.podMade()
    plans[plan].pods += 1
    plans[plan].asking += 1
    nodes[node].pods.append(pod)
    actions.append(order(pod, on: facts))
  }

  /// Has a pod deleted. Another one never has its name, so it need not be waited for.
  mutating func dropPod(_ id: FleetPod.ID, on node: NodeIndex) {
    guard let index = nodes[node].pods.firstIndex(where: { $0.id == id }) else { return }
    actions.append(.delete(id, uid: nodes[node].pods[index].uid))
    removePod(node, index)
  }

  mutating func dropPods(of node: NodeIndex) {
    for pod in nodes[node].pods where isRollout(pod.plan) { dropPod(pod.id, on: node) }
  }

  // MARK: What they say

  /// Takes in the failures that a pod tells of.
  mutating func readFailures(of pod: LivePod, on node: NodeIndex) {
    for image in pod.images {
      guard case .failing(let cause, let nature, let count) = image.report,
        let position = plans[pod.plan].positions[image.number], rollout?[node] != nil, !isSettled(position, on: node)
      else { continue }
      let failure = ImageFailure(failure: failures.share(cause), nature: nature)
      if pod.purpose == .verify {
        let isAbsent = cause.code == "neverPull"
        let proved = isAbsent ? ImageFailure(failure: timeoutFailure(of: node, isProven: true), nature: .local) : failure
        giveUp(position, on: node, proved)
        continue
      }
      guard rollout?[node]?.failed(position, failure, count: count, inPod: pod.id.serial) == true else { continue }
      let tries = rollout?[node]?.tries(of: position) ?? 0
      if rollout?.beliefs.isBelieved(failure, of: position, after: tries) == true {
        rollout?.beliefs.gaveUp(failure, of: position)
        giveUp(position, on: node, failure)
      } else {
        // The kubelet goes on trying.
        showCells(of: node)
        let name = nodes[node].name
        actions.append(.rollout(.imageFailed(node: name, image: position, failure.failure, isFinal: false)))
      }
    }
    showCells(of: node)
  }

  /// A node holds an image.
  mutating func noteHeld(_ image: ImageNumber, on node: NodeIndex) {
    guard let plan = rollout?.plan, let position = plans[plan].positions[image] else { return }
    if rollout?[node]?.isPulling(position) == true { rollout?.beliefs.pulled(position) }
    rollout?[node]?.moved(position)
  }

  /// The kubelet says that it pulls an image, or that it is there; the pod's status has yet to confirm it.
  mutating func imageMoved(_ id: FleetPod.ID, _ reference: String, isPulled: Bool) {
    guard let node = nodes.index(of: id.node), nodes[node].pods.contains(where: { $0.id == id }),
      let image = imageTable.references.known(reference), let plan = rollout?.plan,
      let position = plans[plan].positions[image], rollout?[node] != nil, !isSettled(position, on: node)
    else { return }
    rollout?[node]?.moved(position, isPulling: isPulled ? nil : true, isPulled: isPulled)
    markDirty(node)
  }

  /// An event told of a failure, which the pod's status may tell later or never.
  mutating func imageFailed(_ id: FleetPod.ID, _ reference: String, _ report: FleetPod.Report) {
    guard let node = nodes.index(of: id.node), let pod = nodes[node].pods.firstIndex(where: { $0.id == id }),
      let number = imageTable.references.known(reference),
      let image = nodes[node].pods[pod].images.firstIndex(where: { $0.number == number }),
      let new = nodes[node].pods[pod].images[image].report.followed(by: report)
    else { return }
    nodes[node].pods[pod].images[image].report = new
    readFailures(of: nodes[node].pods[pod], on: node)
    markDirty(node)
  }

  mutating func podWarned(_ id: FleetPod.ID, _ text: String) {
    guard let node = nodes.index(of: id.node), nodes[node].pods.contains(where: { $0.id == id }) else { return }
    rollout?[node]?.warned(text)
  }

  // MARK: Giving up

  /// No further pod of the node tries an image.
  mutating func giveUp(_ position: Int, on node: NodeIndex, _ failure: ImageFailure) {
    guard let plan = rollout?.plan else { return }
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
    for position in rollout?[node]?.shown.indices ?? 0..<0
    where !spared.contains(position) && !isSettled(position, on: node) {
      let own = rollout?[node]?.failure(of: position)
      if let own { rollout?.beliefs.gaveUp(own, of: position) }
      giveUp(position, on: node, own ?? ImageFailure(failure: failure, nature: .local))
    }
  }
}
