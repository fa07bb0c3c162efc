extension RolloutMachine {
  mutating func want(
    _ name: String, uid: String, unsupported: [Int: String], at now: Duration, _ actions: inout [Action]
  ) {
    if let known = nodes[name] {
      if known.uid == uid { return }
      forget(name, &actions)
    }
    guard stopped == nil else { return }
    let possible = images.indices.filter { unsupported[$0] == nil }
    let apart = settings.apart.reduce(into: Set<Int>()) { $0.formUnion($1) }
    let first = split(possible.filter { !apart.contains($0) })
    let others = settings.apart.flatMap { set in split(possible.filter(set.contains)) }
    nodes[name] = NodeState(
      uid: uid,
      cells: images.indices.map { CellState(cell: unsupported[$0].map(Coverage.Cell.unsupported) ?? .pending) },
      parts: first + others, firstApart: first.count)
    order.append(name)
    actions.append(.nodeAdded(name))
    for (image, reason) in unsupported.sorted(by: { $0.key < $1.key }) {
      actions.append(.cell(node: name, image: image, .unsupported(reason)))
    }
    if possible.isEmpty {
      finish(name, at: now, &actions)
    } else {
      queue.append(name)
    }
  }

  /// Images that are too many for one pod, in their order.
  func split(_ images: [Int]) -> [[Int]] {
    let size = max(1, settings.imagesPerPod)
    return stride(from: 0, to: images.count, by: size).map { Array(images[$0..<min($0 + size, images.count)]) }
  }

  /// Drops a node that has no pod; one at work is brought to its end.
  mutating func unwant(_ name: String) {
    guard let node = nodes[name], node.outcome == nil, !active.contains(name) else { return }
    remove(name)
  }

  mutating func forget(_ name: String, _ actions: inout [Action]) {
    guard let node = nodes[name] else { return }
    for pod in node.live.values { actions.append(.delete(pod.id)) }
    if node.outcome.map(Self.isFailure) ?? false { failedNodes -= 1 }
    remove(name)
    actions.append(.nodeGone(name))
  }

  private mutating func remove(_ name: String) {
    nodes[name] = nil
    active.remove(name)
    order.removeAll { $0 == name }
    queue.removeAll { $0 == name }
    retrying.removeAll { $0 == name }
  }

  /// Gives free places to nodes: first to those that try again, then in the order of the queue.
  mutating func startNodes(at now: Duration, _ actions: inout [Action]) {
    guard stopped == nil else { return }
    let limit = settings.parallelism.limit(of: order.count)
    while active.count < limit {
      if let index = retrying.firstIndex(where: { nodes[$0]?.podBackoff?.isWaiting(at: now) != true }) {
        start(retrying.remove(at: index), at: now, &actions)
      } else if !queue.isEmpty {
        start(queue.removeFirst(), at: now, &actions)
      } else {
        return
      }
    }
  }

  private mutating func start(_ name: String, at now: Duration, _ actions: inout [Action]) {
    active.insert(name)
    nodes[name]?.activeSince = now
    nodes[name]?.nextPart = 0
    if nodes[name]?.pods == 0 { actions.append(.nodeStarted(name)) }
    advance(name, at: now, &actions)
  }

  /// Does what is due on a node at work: the next pod, the end of pods that are done, the end of the node.
  ///
  /// The pod of the next part is made when no image of the parts before it is being tried for the first time, so that
  /// the order of the images holds and one that cannot be pulled does not hold up the others. Those apart come together.
  mutating func advance(_ name: String, at now: Duration, _ actions: inout [Action]) {
    guard active.contains(name), var node = nodes[name] else { return }
    while node.proofUntil == nil, node.nextPart < node.parts.count,
      node.parts[..<min(node.nextPart, node.firstApart)].joined().allSatisfy({ node.cells[$0].isTried })
    {
      let wanted = node.parts[node.nextPart].filter { !node.cells[$0].isSettled }
      if !wanted.isEmpty {
        lastSerial += 1
        let id = PodID(node: name, part: node.nextPart, serial: lastSerial)
        node.live[id.part] = LivePod(id: id, images: wanted)
        node.pods += 1
        actions.append(.create(id, images: wanted))
      }
      node.nextPart += 1
    }
    for (_, pod) in node.live.sorted(by: { $0.key < $1.key })
    where pod.images.allSatisfy({ node.cells[$0].isSettled }) {
      node.live[pod.id.part] = nil
      actions.append(.delete(pod.id))
    }
    nodes[name] = node
    if node.cells.allSatisfy(\.isSettled) { finish(name, at: now, &actions) }
  }

  /// Ends a node: every cell stands as it is.
  mutating func finish(
    _ name: String, as outcome: NodeOutcome? = nil, at now: Duration, _ actions: inout [Action]
  ) {
    guard var node = nodes[name], node.outcome == nil else { return }
    if active.contains(name) {
      release(name, &node, at: now, &actions)
    } else {
      queue.removeAll { $0 == name }
      retrying.removeAll { $0 == name }
    }
    let states = Set(node.cells.map(\.cell.state))
    let result: NodeOutcome =
      states.isSubset(of: [.unsupported])
      ? .unsupported
      : states.isSubset(of: [.warm, .unsupported]) ? .warm : outcome ?? .incomplete
    node.outcome = result
    nodes[name] = node
    actions.append(.nodeFinished(name, result))
    guard Self.isFailure(result) else { return }
    failedNodes += 1
    guard let most = settings.maxFailures, stopped == nil, failedNodes > most.allowance(of: order.count) else { return }
    stop(.maxFailures(failed: failedNodes), at: now, &actions)
  }

  private static func isFailure(_ outcome: NodeOutcome) -> Bool { !outcome.isGood && outcome != .notDone }

  /// Gives back a node's place and deletes its pods.
  mutating func release(_ name: String, _ node: inout NodeState, at now: Duration, _ actions: inout [Action]) {
    active.remove(name)
    if let since = node.activeSince { node.spent += now - since }
    node.activeSince = nil
    for pod in node.live.values.sorted(by: { $0.id.part < $1.id.part }) { actions.append(.delete(pod.id)) }
    node.live = [:]
  }
}
