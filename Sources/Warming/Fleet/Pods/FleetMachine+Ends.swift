import Kubernetes
import ImageModel

/// How our pods end.
extension FleetMachine {
  /// Does what is due for the pods of a node.
  mutating func reviewPods(_ node: NodeIndex) {
    if rollout[node] != nil { return reviewTurn(node) }
    for index in nodes[node].pods.indices { reviewPod(node, index) }
  }

  private mutating func reviewPod(_ node: NodeIndex, _ index: Int) {
    let pod = nodes[node].pods[index]
    switch pod.stage {
    case .asked:
      guard let due = pod.createAt else { return }
      if !review(pod, on: node).isWanted(in: imageTable) || !plans[pod.plan].begins {
        // It may have been created, although no answer came.
        deletePod(node, index)
      } else if due <= now, let facts = nodes[node].facts {
        nodes[node].pods[index].createAt = nil
        actions.append(order(pod, on: facts))
      }
    case .live: if let end = review(pod, on: node).end(in: imageTable) { endPod(node, index, end) }
    case .ending(let serial): if records.isStored(serial, of: node) { deletePod(node, index) }
    case .deleting: break
    }
  }

  private func review(_ pod: LivePod, on node: NodeIndex) -> PodReview {
    PodReview(pod: pod, node: nodes[node], plan: plans[pod.plan], now: now, limits: limits)
  }

  /// When a node is to be reconciled again because of time.
  func nextTimer(of node: NodeIndex) -> Duration? {
    if let turn = rollout[node] { return nextDue(of: turn, on: node) }
    let state = nodes[node]
    var due: Duration?
    if let backoff = state.podBackoff, backoff.isWaiting(at: now) { due = backoff.retryAt }
    if let facts = state.facts, !facts.isReady {
      let grown = state.createdAt + limits.startupGracePeriod
      if grown > now { due = earliest(due, grown) }
    }
    for pod in state.pods { due = earliest(due, review(pod, on: node).nextDue) }
    return earliest(due, nextCheck(of: node))
  }

  // MARK: End

  private mutating func endPod(_ node: NodeIndex, _ index: Int, _ end: PodReview.End) {
    let pod = nodes[node].pods[index]
    switch end {
    case .settled: for image in pod.images { conclude(image, of: pod, on: node, otherwise: nil) }
    case .timedOut:
      let limit = timeout(of: pod.plan, on: node)
      let failure = WarmFailure(
        code: "timedOut", detail: "not there after \(limit) of spec.nodeTimeout",
        remedy: "Raise spec.nodeTimeout if the image is large or the link slow, or see the node's kubelet.")
      for image in pod.images { conclude(image, of: pod, on: node, otherwise: failure) }
      if pod.purpose == .verify { rest(node, pod, "its check did not end in \(limit)") }
    case .lost(let reason):
      rest(node, pod, reason)
      if nodes[node].facts?.isReady == false { nodes[node].awaitsReadiness = true }
    case .unwanted: break
    }
    endProbe(pod, on: node)
    if pod.isBeingDeleted {
      uncount(node, index)
      nodes[node].pods[index].stage = .deleting
    } else if needsRecord(node) {
      nodes[node].pods[index].stage = .ending(serial: records.serial(of: node))
    } else {
      deletePod(node, index)
    }
    markDirty(pod.plan)
  }

  /// Has a pod deleted; its budget goes to others at once, its node when it is gone.
  mutating func deletePod(_ node: NodeIndex, _ index: Int) {
    let pod = nodes[node].pods[index]
    // One that is being made is waited for, so that it cannot come after its deletion.
    guard pod.stage != .deleting, pod.stage != .asked || pod.createAt != nil else { return }
    if pod.stage == .asked { plans[pod.plan].asking -= 1 }
    nodes[node].pods[index].stage = .deleting
    uncount(node, index)
    actions.append(.delete(pod.id, uid: pod.uid))
    markDirty(pod.plan)
  }

  /// Writes down how it ended with an image.
  private mutating func conclude(
    _ image: LivePod.Image, of pod: LivePod, on node: NodeIndex, otherwise failure: WarmFailure?
  ) {
    guard pod.purpose == .pull, let position = plans[pod.plan].positions[image.number] else { return }
    switch image.report {
    case .failing(let failure, _, _)
    where pod.isOfAgent && failure.code == AgentWish.needsKubelet
      && plans[pod.plan].plan.engine == .agent(fallsBack: true):
      nodes[node].agent.refused.insert(image.number)
    case .failing(let failure, let nature, _): fail(position, of: pod, on: node, failure, nature)
    case .waiting: if let failure { fail(position, of: pod, on: node, failure, .passing) }
    case .unclear: break
    case .held:
      guard let held = nodes[node].held[HeldImages.Key(image: image.number, access: pod.access)],
        image.policy == .always, held.digest.isKnown,
        !plans[pod.plan].accepts(held.digest, at: position)
      else { return }
      let reference = imageTable.references[image.number]
      let failure = WarmFailure(
        code: "digestMoved",
        detail: "the registry gave \(imageTable.digests[held.digest]), which is not what \(reference) was resolved to",
        remedy: "Wait for the next refresh; if it stays so, a mirror of the node's runtime may be behind.")
      fail(position, of: pod, on: node, failure, .passing)
      let name = nodes[node].name
      actions.append(.report(.digestMoved(pod.id.prepull, node: name, reference: reference)))
    }
  }

  mutating func fail(
    _ position: Int, of pod: LivePod, on node: NodeIndex, _ failure: WarmFailure, _ nature: FailureNature
  ) {
    let plan = plans[pod.plan]
    let key = FailureKey(owner: plan.owner, image: plan.images[position])
    noteMissing(HeldImages.Key(image: key.image, access: pod.access), of: pod, on: node, code: failure.code)
    let old = nodes[node].failures[key]
    // An image is tried when its time has come. Where that lies after the pod was made, this very pod's failure was
    // written down before, by the controller that led then.
    if let old, !plan.refusals.isRefused(position), old.retryAt.map({ $0 > pod.createdAt + .seconds(10) }) ?? true {
      return
    }
    let shared = failures.share(failure)
    var new = Backoff(ImageFailure(failure: shared, nature: nature), after: old, at: now, wait: limits.wait)
    let isFailed = new.isFailure(in: plan.plan)
    if isFailed, plan.plan.mode == .once { new.giveUp() }
    nodes[node].failures[key] = new
    records.changed(node)
    plans[pod.plan].counts.failed(at: position, shared, on: node)
    actions.append(
      .report(
        .imageFailed(
          plan.id, node: nodes[node].name, reference: imageTable.references[key.image], shared, tries: new.tries,
          isFailed: isFailed)))
  }

  // MARK: Success

  /// Writes down that a node holds an image, for the pull secrets of the pod that found it.
  mutating func imageFound(_ image: LivePod.Image, by pod: LivePod, on node: NodeIndex) {
    let key = HeldImages.Key(image: image.number, access: pod.access)
    // Under one name a node holds one digest, whichever pod pulled it.
    if case .held(let digest?) = image.report {
      let number = imageTable.digest(digest)
      for other in nodes[node].held[image: image.number] where other.digest.isKnown && other.digest != number {
        if other.key != key { forgetImage(other.key, on: node) }
      }
    }
    guard isClaimed(key, on: node) || nodes[node].needsChoosing else { return }
    nodes[node].podBackoff = nil
    if isRollout(pod.plan) { noteHeld(image.number, on: node) }
    let stated = digest(of: image, key, pod, on: node)
    let known = nodes[node].held[key]
    if known == nil || stated.map({ $0 != known?.digest }) ?? false {
      var entry = HeldImages.Entry(key: key, digest: stated ?? HeldImages.unclear, since: now.milliseconds)
      if let pulled = pod.pulled[image.number] { (entry.pullSeconds, entry.bytes) = pulled }
      nodes[node].held.set(entry)
      records.changed(node)
      nodes[node].checks.proved(at: now)
      if pod.purpose == .pull, stated != nil {
        let reference = imageTable.references[image.number]
        actions.append(.report(.imageWarm(pod.id.prepull, node: nodes[node].name, reference: reference)))
      }
    }
    if pod.purpose == .pull { noteMissing(key, of: pod, on: node, code: nil) }
    guard let position = plans[pod.plan].positions[image.number] else { return }
    if pod.purpose == .pull { lift(position, of: pod.plan) }
    guard let held = nodes[node].held[key], plans[pod.plan].accepts(held.digest, at: position),
      pod.purpose == .pull || nodes[node].aliases[key] != nil
    else { return }
    guard !nodes[node].failures.isEmpty else { return }
    // With other secrets it may fail as before.
    let owners = Set(plans.states.filter { $0.access == pod.access }.map(\.owner))
    clearFailures(node) { $0.image == image.number && owners.contains($0.owner) }
  }

  /// The digest that is known of an image by what a pod says now; nil when it says nothing new.
  private mutating func digest(
    of image: LivePod.Image, _ key: HeldImages.Key, _ pod: LivePod, on node: NodeIndex
  ) -> DigestNumber? {
    switch image.report {
    case .waiting, .failing: return nil
    case .held(let digest?):
      nodes[node].aliases[key]?.needsProof = false
      nodes[node].aliases[key]?.disproved = nil
      nodes[node].aliases[key]?.isFresh = false
      return imageTable.digest(digest)
    case .held(nil):
      // What was pulled just now is what the registry gave, whatever was there before.
      return nodes[node].held[key] == nil || image.policy == .always ? HeldImages.unstated : nil
    case .unclear:
      var alias = nodes[node].aliases[key] ?? Alias()
      if pod.purpose == .pull {
        alias = Alias(isFresh: image.policy == .always)
      } else if pair(of: image, in: pod) == nil {
        alias.needsProof = true
      }
      nodes[node].aliases[key] = alias
      return nil
    }
  }

  mutating func imagePulled(_ id: FleetPod.ID, _ reference: String, seconds: Double?, bytes: Int64?) {
    guard let node = nodes.index(of: id.node), nodes[node].uid == id.nodeUID,
      let image = imageTable.references.known(reference)
    else { return }
    let figures = (seconds.map { Float($0) } ?? -1, bytes ?? -1)
    if let pod = nodes[node].pods.firstIndex(where: { $0.id == id }) { nodes[node].pods[pod].pulled[image] = figures }
    // It goes onto the record with the next change.
    for var held in nodes[node].held[image: image] {
      (held.pullSeconds, held.bytes) = figures
      nodes[node].held.set(held)
    }
  }
}

extension Duration {
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
