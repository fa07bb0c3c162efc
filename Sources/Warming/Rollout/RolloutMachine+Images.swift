import ImageModel

extension RolloutMachine {
  mutating func take(
    _ signal: ImageSignal, of image: Int, from id: PodID, at now: Duration, _ actions: inout [Action]
  ) {
    guard isLive(id), let cell = nodes[id.node]?.cells[image], !cell.isSettled else { return }
    switch signal {
    case .pulling:
      nodes[id.node]?.note = nil
      set(.pulling, of: image, on: id.node, &actions)
    case .pulled:
      nodes[id.node]?.note = nil
      nodes[id.node]?.cells[image].isPulled = true
    case .held(let digest, let isStale):
      if cell.cell == .pulling { givenUp[image] = nil }
      nodes[id.node]?.podBackoff = nil
      nodes[id.node]?.note = nil
      if isStale, let digest {
        set(.stale(digest), of: image, on: id.node, &actions)
      } else {
        set(.warm(digest), of: image, on: id.node, &actions)
      }
    case .failing(let failure, _, _) where nodes[id.node]?.live[id.part]?.isProof == true:
      let isAbsent = failure.code == "neverPull"
      let cause = isAbsent ? timeoutFailure(of: id.node, isProven: true) : failure
      set(.failed(cause), of: image, on: id.node, &actions)
      actions.append(.imageFailed(node: id.node, image: image, cause, isFinal: true))
    case .failing(let failure, let nature, let witness):
      failed(image, on: id.node, failure, nature, by: witness, &actions)
    }
    advance(id.node, at: now, &actions)
  }

  mutating func set(_ cell: Coverage.Cell, of image: Int, on name: String, _ actions: inout [Action]) {
    guard nodes[name]?.cells[image].cell != cell else { return }
    nodes[name]?.cells[image].cell = cell
    actions.append(.cell(node: name, image: image, cell))
  }

  private mutating func failed(
    _ image: Int, on name: String, _ failure: WarmFailure, _ nature: FailureNature, by witness: ImageSignal.Witness,
    _ actions: inout [Action]
  ) {
    guard var cell = nodes[name]?.cells[image] else { return }
    let before = cell.failures
    switch witness {
    case .status: cell.statusFailures += 1
    case .event: cell.eventFailures += 1
    }
    cell.failure = failure
    cell.nature = nature
    nodes[name]?.cells[image] = cell
    let isFinal = isBelieved(failure, nature, of: image, after: cell.failures)
    if isFinal {
      if nature != .local { givenUp[image, default: [:]][failure.code, default: 0] += 1 }
      set(.failed(failure), of: image, on: name, &actions)
    } else {
      // The kubelet goes on trying.
      set(.pulling, of: image, on: name, &actions)
    }
    if isFinal || cell.failures > before {
      actions.append(.imageFailed(node: name, image: image, failure, isFinal: isFinal))
    }
  }

  /// Whether there is no point in waiting for the kubelet's next try.
  private func isBelieved(
    _ failure: WarmFailure, _ nature: FailureNature, of image: Int, after tries: Int
  ) -> Bool {
    if settings.certainCodes.contains(failure.code) { return true }
    let isKnown = (givenUp[image]?[failure.code] ?? 0) >= settings.sharedFailures
    return switch nature {
    case .final: isKnown || settings.refusedImages.contains(image) || tries >= settings.finalTries
    case .passing: isKnown || isUnknownHost(failure, of: image) && tries >= settings.finalTries
    case .local: false
    }
  }

  private func isUnknownHost(_ failure: WarmFailure, of image: Int) -> Bool {
    failure.code == "noSuchHost" && settings.unknownHosts.contains(image)
  }

  /// Gives up what is not settled on a node: for the cause that the kubelet gave, else for `failure`.
  ///
  /// - Parameter spared: images that are left as they are.
  mutating func fail(
    _ name: String, with failure: WarmFailure, sparing spared: [Int] = [], _ actions: inout [Action]
  ) {
    guard let cells = nodes[name]?.cells else { return }
    for (image, cell) in cells.enumerated() where !cell.isSettled && !spared.contains(image) {
      let cause = cell.failure ?? failure
      if let own = cell.failure, cell.nature != .local { givenUp[image, default: [:]][own.code, default: 0] += 1 }
      set(.failed(cause), of: image, on: name, &actions)
      actions.append(.imageFailed(node: name, image: image, cause, isFinal: true))
    }
  }
}
