import Networking
import Documents
import ImageModel

extension RolloutMachine {
  /// Whether a pod is still of interest: reports on pods that were given up come late.
  func isLive(_ id: PodID) -> Bool { nodes[id.node]?.live[id.part]?.id == id }

  mutating func update(_ id: PodID, _ change: (inout LivePod) -> Void) {
    guard isLive(id), var pod = nodes[id.node]?.live[id.part] else { return }
    change(&pod)
    nodes[id.node]?.live[id.part] = pod
  }

  mutating func creationFailed(
    _ id: PodID, _ failure: CreationFailure, at now: Duration, _ actions: inout [Action]
  ) {
    guard isLive(id) else { return }
    switch failure {
    case .passing(let wait): update(id) { $0.createAt = now + wait }
    case .final(let failure):
      nodes[id.node]?.live[id.part] = nil
      stop(.refused(failure), at: now, &actions)
    case .crowded(let failure):
      nodes[id.node]?.live[id.part] = nil
      let othersMayEnd = active.contains { name in
        nodes[name]?.live.values.contains { $0.isCreated } ?? false
      }
      if othersMayEnd {
        // Room comes when they are done.
        retry(id.node, failure.detail, roomIn: .seconds(10), at: now, &actions)
      } else {
        stop(.refused(failure), at: now, &actions)
      }
    }
  }

  mutating func succeeded(_ id: PodID, at now: Duration, _ actions: inout [Action]) {
    guard isLive(id), let pod = nodes[id.node]?.live[id.part] else { return }
    // The program ran in each image, so each is there, even where the runtime states no digest.
    for image in pod.images where nodes[id.node]?.cells[image].isSettled == false {
      set(.warm(nil), of: image, on: id.node, &actions)
    }
    advance(id.node, at: now, &actions)
  }

  /// Gives the node's place to others and tries again later; gives up when there are no tries left.
  ///
  /// - Parameter roomIn: when there may be room; to wait for it is no try that counts.
  mutating func retry(
    _ name: String, _ reason: String, roomIn: Duration? = nil, at now: Duration, _ actions: inout [Action]
  ) {
    guard active.contains(name), var node = nodes[name] else { return }
    if node.proofUntil != nil { return timeOut(name, at: now, &actions) }
    release(name, &node, at: now, &actions)
    for index in node.cells.indices where node.cells[index].cell == .pulling {
      node.cells[index].cell = .pending
      actions.append(.cell(node: name, image: index, .pending))
    }
    nodes[name] = node
    let before = node.podBackoff?.tries ?? 0
    let wait = roomIn ?? settings.retry.delay(before: before + 2, random: 0)
    if stopped == nil, node.spent < settings.nodeTimeout, let wait {
      retries += 1
      nodes[name]?.spent += wait
      nodes[name]?.podBackoff = Backoff(
        reason: reason, tries: roomIn == nil ? before + 1 : before, retryAt: now + wait)
      retrying.append(name)
      actions.append(.retrying(node: name, reason: reason, after: wait))
      return
    }
    let tries = node.pods == 1 ? "" : " (\(node.pods) pods tried)"
    let failure = WarmFailure(
      code: "refused", detail: "no pod came to run on the node: \(reason)\(tries)",
      remedy: "See why the node takes no pod (kubectl describe node \(name)), then run again.")
    fail(name, with: failure, &actions)
    finish(name, as: .refused(failure), at: now, &actions)
  }

  // MARK: Time

  mutating func checkTime(at now: Duration, _ actions: inout [Action]) {
    if let timeout = settings.timeout, now >= timeout, stopped == nil || isDraining {
      stop(.timedOut(timeout), at: now, &actions)
      return
    }
    for name in active.sorted() {
      guard let node = nodes[name], let since = node.activeSince else { continue }
      if let end = node.proofUntil {
        if now >= end {
          timeOut(name, at: now, &actions)
          continue
        }
      } else if node.spent + (now - since) >= settings.nodeTimeout {
        if !startProof(name, at: now, &actions) { timeOut(name, at: now, &actions) }
        continue
      }
      for pod in node.live.values.sorted(by: { $0.id.part < $1.id.part }) {
        if let due = pod.createAt, due <= now {
          update(pod.id) { $0.createAt = nil }
          actions.append(
            pod.isProof ? .prove(pod.id, images: pod.images) : .create(pod.id, images: pod.images))
        } else if let waiting = pod.unschedulable, now - waiting.since >= settings.schedulingPatience {
          retry(name, "not scheduled: \(waiting.reason)", at: now, &actions)
          break
        }
      }
    }
  }

  private mutating func timeOut(_ name: String, at now: Duration, _ actions: inout [Action]) {
    fail(name, with: timeoutFailure(of: name, isProven: false), &actions)
    finish(name, at: now, &actions)
  }

  /// - Parameter isProven: whether the node was asked, and does not hold the image.
  func timeoutFailure(of name: String, isProven: Bool) -> WarmFailure {
    let note = nodes[name]?.note.map { ": \($0)" } ?? ""
    return WarmFailure(
      code: "timedOut",
      detail:
        "\(isProven ? "not there" : "not confirmed") after \(settings.nodeTimeout.words) of --node-timeout\(note)",
      remedy: "Raise --node-timeout if the image is large or the link slow, or see the node's kubelet.")
  }

  /// Asks a node whose time is over what it holds: a kubelet that waits for one image reports none of its pod's others.
  ///
  /// - Returns: whether there is anything to ask.
  private mutating func startProof(_ name: String, at now: Duration, _ actions: inout [Action]) -> Bool {
    guard let node = nodes[name], node.live.values.contains(where: \.isCreated) else { return false }
    let open = node.cells.indices.filter { !node.cells[$0].isSettled && node.cells[$0].failure == nil }
    guard !open.isEmpty else { return false }
    fail(name, with: timeoutFailure(of: name, isProven: false), sparing: open, &actions)
    for pod in node.live.values.sorted(by: { $0.id.part < $1.id.part }) { actions.append(.delete(pod.id)) }
    nodes[name]?.live = [:]
    nodes[name]?.proofUntil = now + settings.proofTimeout
    for (index, images) in split(open).enumerated() {
      lastSerial += 1
      let id = PodID(node: name, part: node.parts.count + index, serial: lastSerial)
      nodes[name]?.live[id.part] = LivePod(id: id, images: images, isProof: true)
      nodes[name]?.pods += 1
      actions.append(.prove(id, images: images))
    }
    return true
  }

  /// Whether nodes at work are brought to their end although nothing is begun any more.
  private var isDraining: Bool {
    if case .maxFailures = stopped { true } else { false }
  }

  mutating func stop(_ reason: StopReason, at now: Duration, _ actions: inout [Action]) {
    guard stopped == nil || isDraining, stopped != reason else { return }
    stopped = reason
    actions.append(.stopping(reason))
    let waiting = queue + retrying
    queue = []
    retrying = []
    for name in waiting { finish(name, as: .notDone, at: now, &actions) }
    if isDraining { return }
    for name in active.sorted() {
      if case .timedOut(let limit) = reason {
        fail(
          name,
          with: WarmFailure(
            code: "timedOut", detail: "not confirmed when the \(limit.words) of --timeout were over",
            remedy: "Raise --timeout, or raise --parallelism if the registry can take it."), &actions)
      }
      finish(name, as: .notDone, at: now, &actions)
    }
  }
}
