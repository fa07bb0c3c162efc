import ImageModel

/// What is remembered of nodes.
extension FleetMachine {
  // MARK: At the start

  mutating func remember(_ record: NodeRecord) {
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
    nodes[node].verifiedAt = record.verifiedAt
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
    if nodes[node].verifiedAt == nil, !nodes[node].held.isEmpty { nodes[node].verifiedAt = now }
  }

  /// Has records written without Prepulls that went before anybody told of them.
  mutating func compareClaims(_ node: NodeIndex) {
    guard let memory = nodes[node].memory, !nodes[node].isCompared else { return }
    nodes[node].isCompared = true
    records.changed(node)
    for plan in plans.indices where plans[plan].isGone && !plans[plan].isFree && plans[plan].isTold {
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
        actions.append(.record(node: nodes[node].name, serial: serial, isUrgent: true))
      }
      return
    }
    let hash = contentHash(of: node)
    if let memory = nodes[node].memory {
      nodes[node].memory = nil
      if let record = record(of: nodes[node].name), memory.says(whatIsIn: record) {
        records.foundStored(node, hash: hash)
      }
    }
    if let serial = records.ask(node, hash: hash, isUrgent: isUrgent) {
      actions.append(.record(node: nodes[node].name, serial: serial, isUrgent: isUrgent))
    } else {
      recordStored(node, records.serial(of: node))
    }
  }

  mutating func recorded(_ name: String, _ serial: Int) {
    guard let node = nodes.index(of: name) else { return }
    // It may have been asked for a node that had the name before.
    records.markExisting(node)
    recordStored(node, serial)
  }

  private mutating func recordStored(_ node: NodeIndex, _ serial: Int) {
    for plan in records.stored(node, serial: serial) { left(plan) }
    markDirty(node)
  }

  private func contentHash(of node: NodeIndex) -> Int {
    let state = nodes[node]
    var hasher = Hasher()
    for standing in state.standings {
      hasher.combine(plans[standing.plan].owner)
      hasher.combine(plans[standing.plan].images)
      for cell in standing.cells { hasher.combine(cell.state) }
    }
    for entry in state.held.entries {
      hasher.combine(entry.key)
      hasher.combine(entry.digest)
      hasher.combine(entry.since)
    }
    var failures = 0
    for (key, failure) in state.failures {
      var own = Hasher()
      own.combine(key)
      own.combine(failure.tries)
      own.combine(failure.retryAt)
      own.combine(failure.failure.code)
      failures ^= own.finalize()
    }
    hasher.combine(failures)
    hasher.combine(state.verifiedAt)
    hasher.combine(state.warmedAt)
    hasher.combine(state.gates.records)
    return hasher.finalize()
  }

  // MARK: Content

  /// What is to be remembered of a node, with all that its WarmNode shows; nil when the node is not known.
  package func record(of name: String) -> NodeRecord? {
    guard let node = nodes.index(of: name), nodes[node].facts != nil else { return nil }
    let state = nodes[node]
    var record = NodeRecord(node: name, uid: state.uid)
    record.verifiedAt = state.held.isEmpty ? nil : state.verifiedAt
    record.warmedAt = state.warmedAt
    record.gates = state.gates.records
    var places: [ImageNumber: Int] = [:]
    for standing in state.standings {
      let plan = plans[standing.plan]
      for (position, image) in plan.images.enumerated() where position < standing.cells.count {
        let cell = standing.cells[position].state
        let entry = state.held[HeldImages.Key(image: image, access: plan.access)]
        let shown = NodeRecord.State(cell, isHeld: entry.map { $0.digest != HeldImages.unclear } ?? false)
        let place = places[image] ?? record.images.count
        if place == record.images.count {
          places[image] = place
          record.images.append(
            NodeRecord.Image(reference: imageTable.references[image], state: shown, held: held(image, state)))
        }
        record.images[place].state = max(record.images[place].state, shown)
        record.images[place].wantedBy.append(plan.id.key)
        guard let failure = state.failures[FailureKey(owner: plan.owner, image: image)] else { continue }
        record.images[place].failures.append(
          NodeRecord.Failure(
            prepull: plan.id.key, failure: failure.failure, nature: failure.nature, tries: failure.tries,
            retryAt: failure.retryAt))
      }
    }
    for index in record.images.indices { record.images[index].wantedBy.sort() }
    return record
  }

  private func held(_ image: ImageNumber, _ state: NodeState) -> NodeRecord.Held? {
    // What is unclear is found out again by whoever comes after us.
    let entries = state.held[image: image].filter { $0.digest != HeldImages.unclear }
    guard let entry = entries.max(by: { ($0.digest, -$0.since) < ($1.digest, -$1.since) }) else { return nil }
    return NodeRecord.Held(
      digest: entry.digest.isKnown ? imageTable.digests[entry.digest] : nil, since: .milliseconds(entry.since),
      pullSeconds: entries.map(\.pullSeconds).max().flatMap { $0 < 0 ? nil : Double($0) },
      bytes: entries.map(\.bytes).max().flatMap { $0 < 0 ? nil : $0 },
      access: entries.map { imageTable.accesses[$0.key.access] }.sorted())
  }
}

extension NodeRecord {
  /// Whether a stored record needs no change to be this one. What it holds to the second only does not count.
  fileprivate func says(whatIsIn other: NodeRecord) -> Bool {
    func content(_ record: NodeRecord) -> [String: [String]] {
      record.images.reduce(into: [:]) { content, image in
        content[image.reference] =
          [image.state.rawValue, image.held.map { $0.digest?.description ?? "-" } ?? ""] + image.wantedBy.sorted()
          + (image.held?.access ?? []).map { "\($0.namespace) \($0.secrets)" }
          + image.failures.map { "\($0.prepull) \($0.tries)" }.sorted()
      }
    }
    func openGates(_ record: NodeRecord) -> [String] {
      record.gates.map { "\($0.taint) \($0.openedAt == nil)" }.sorted()
    }
    return uid == other.uid && content(self) == content(other) && openGates(self) == openGates(other)
  }
}

extension NodeRecord.State: Comparable {
  init(_ cell: FleetMachine.Cell.State, isHeld: Bool) {
    self =
      switch cell {
      case .unsupported: .unsupported
      case .warm: .warm
      case .stale: .stale
      case .pending: isHeld ? .stale : .pending
      case .failed, .refused: .failed
      }
  }

  /// From what matters least to what matters most.
  private var weight: Int {
    switch self {
    case .unsupported: 0
    case .warm: 1
    case .pending: 2
    case .stale: 3
    case .failed: 4
    }
  }

  package static func < (one: Self, other: Self) -> Bool { one.weight < other.weight }
}
