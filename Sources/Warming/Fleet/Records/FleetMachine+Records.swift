import ImageModel

/// What is remembered of nodes.
extension FleetMachine {
  // MARK: At the start

  mutating func recordRead(_ record: NodeRecord) {
    guard !isSynced else { return }
    let node = nodes.add(record.node)
    records.markExisting(node)
    guard nodes[node].uid.isEmpty || nodes[node].uid == record.uid else {
      // Of a machine that is gone.
      records.changed(node)
      return
    }
    nodes[node].uid = record.uid
    nodes[node].memory = record
    nodes[node].checks.recordRead(verifiedAt: record.verifiedAt)
    // Records of before say nothing of it: who was warm then is not reported now.
    let wasWarm = !record.images.isEmpty && record.warm == record.wanted
    nodes[node].warmedAt = record.warmedAt ?? (wasWarm ? record.verifiedAt ?? now : nil)
    nodes[node].gates = NodeGates(record.gates)
    for image in record.images {
      let number = imageTable.image(image.reference)
      if let held = image.held {
        for access in held.access {
          nodes[node].held.set(
            HeldImages.Entry(
              key: HeldImages.Key(image: number, access: imageTable.access(access)),
              digest: held.digest.map { imageTable.digest($0) } ?? HeldImages.unstated,
              pullSeconds: held.pullSeconds.map { Float($0) } ?? -1, bytes: held.bytes ?? -1,
              since: held.since.milliseconds))
        }
      }
      for failure in image.failures {
        nodes[node].failures[FailureKey(owner: imageTable.owner(failure.prepull), image: number)] = Backoff(
          reason: ImageFailure(failure: failures.share(failure.failure), nature: failure.nature),
          tries: failure.tries, retryAt: failure.retryAt)
      }
    }
    if !record.ordered.isEmpty { nodes[node].agent.toldHash = nil }
    for reference in record.ordered { nodes[node].agent.ordered.insert(imageTable.image(reference)) }
    if !nodes[node].held.isEmpty { nodes[node].checks.proved(at: now) }
  }

  /// Has records written without Prepulls that were deleted before they were reported.
  mutating func compareClaims(_ node: NodeIndex) {
    guard let memory = nodes[node].memory, !nodes[node].isCompared else { return }
    nodes[node].isCompared = true
    records.changed(node)
    for plan in plans.indices where plans[plan].isGone && !plans[plan].isFree && plans[plan].isRemovalSeen {
      if memory.names(plans[plan].id.key) { leave(plan, node) }
    }
  }

  // MARK: Storing

  /// Whether a pod that ends has something to wait for.
  func needsRecord(_ node: NodeIndex) -> Bool {
    !records.isUpToDate(node) && isWorthRecording(node)
  }

  private func isWorthRecording(_ node: NodeIndex) -> Bool {
    let state = nodes[node]
    return records.exists(node) || !state.held.isEmpty || !state.failures.isEmpty
      || state.gates.needsRecord(nodeCreatedAt: state.createdAt)
  }

  /// Asks for the record to be stored when it changed; while a pod is at work, only when somebody waits for it.
  mutating func keepRecord(_ node: NodeIndex) {
    let isUrgent = nodes[node].pods.contains { if case .ending = $0.stage { true } else { false } }
    let isAwaited = isUrgent || records.isAwaited(node)
    guard isWorthRecording(node), isAwaited || !nodes[node].isAtWork else { return }
    guard records.isUnasked(node) else {
      if isUrgent, let serial = records.urge(node) {
        actions.append(.record(node: nodes[node].name, serial: serial, within: limits.urgentRecordDelay))
      }
      return
    }
    let hash = content(of: node).hash
    if let memory = nodes[node].memory {
      nodes[node].memory = nil
      if memory.says(whatIsIn: content(of: node).record) { records.foundStored(node, hash: hash) }
    }
    if let serial = records.ask(node, hash: hash, isUrgent: isUrgent) {
      let delay = isUrgent ? limits.urgentRecordDelay : limits.recordDelay
      actions.append(.record(node: nodes[node].name, serial: serial, within: delay))
    } else {
      recordStored(node, records.serial(of: node))
    }
  }

  mutating func recordStored(_ name: String, _ serial: Int) {
    guard let node = nodes.index(of: name) else { return }
    // It may have been asked for a node that had the name before.
    records.markExisting(node)
    recordStored(node, serial)
  }

  private mutating func recordStored(_ node: NodeIndex, _ serial: Int) {
    for plan in records.stored(node, serial: serial) { left(plan) }
    markDirty(node)
  }

  // MARK: Content

  private func content(of node: NodeIndex) -> RecordContent {
    RecordContent(node: nodes[node], plans: plans, table: imageTable)
  }

  /// What is to be remembered of a node, with all that its WarmNode shows; nil when the node is not known.
  package func record(of name: String) -> NodeRecord? {
    guard let node = nodes.index(of: name), nodes[node].facts != nil else { return nil }
    return content(of: node).record
  }
}
