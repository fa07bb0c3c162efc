import ImageModel

/// What is to be remembered of a node: made of the node and of the Prepulls that chose it.
struct RecordContent {
  typealias FailureKey = FleetMachine.FailureKey

  let node: FleetMachine.NodeState
  let plans: PrepullTable
  let table: ImageTable

  /// Equal contents have equal hashes, in one process.
  var hash: Int {
    var hasher = Hasher()
    for status in node.statuses {
      hasher.combine(plans[status.plan].owner)
      hasher.combine(plans[status.plan].images)
      for cell in status.cells { hasher.combine(cell.state) }
    }
    for entry in node.held.entries {
      hasher.combine(entry.key)
      hasher.combine(entry.digest)
      hasher.combine(entry.since)
    }
    var failures = 0
    for (key, failure) in node.failures {
      var own = Hasher()
      own.combine(key)
      own.combine(failure.tries)
      own.combine(failure.retryAt)
      own.combine(failure.failure.code)
      failures ^= own.finalize()
    }
    hasher.combine(failures)
    hasher.combine(node.checks.verifiedAt)
    hasher.combine(node.warmedAt)
    hasher.combine(node.gates.records)
    return hasher.finalize()
  }

  var record: NodeRecord {
    var record = NodeRecord(node: node.name, uid: node.uid)
    record.verifiedAt = node.held.isEmpty ? nil : node.checks.verifiedAt
    record.warmedAt = node.warmedAt
    record.gates = node.gates.records
    var places: [ImageNumber: Int] = [:]
    for status in node.statuses {
      let plan = plans[status.plan]
      for (position, image) in plan.images.enumerated() where position < status.cells.count {
        let cell = status.cells[position].state
        let entry = node.held[HeldImages.Key(image: image, access: plan.access)]
        let shown = NodeRecord.State(cell, isHeld: entry.map { $0.digest != HeldImages.unclear } ?? false)
        let place = places[image] ?? record.images.count
        if place == record.images.count {
          places[image] = place
          record.images.append(
            NodeRecord.Image(reference: table.references[image], state: shown, held: held(image)))
        }
        record.images[place].state = max(record.images[place].state, shown)
        record.images[place].wantedBy.append(plan.id.key)
        guard let failure = node.failures[FailureKey(owner: plan.owner, image: image)] else { continue }
        record.images[place].failures.append(
          NodeRecord.Failure(
            prepull: plan.id.key, failure: failure.failure, nature: failure.nature, tries: failure.tries,
            retryAt: failure.retryAt))
      }
    }
    for index in record.images.indices { record.images[index].wantedBy.sort() }
    return record
  }

  private func held(_ image: ImageNumber) -> NodeRecord.Held? {
    // What is unclear is found out again by the next controller.
    let entries = node.held[image: image].filter { $0.digest != HeldImages.unclear }
    guard let entry = entries.max(by: { ($0.digest, -$0.since) < ($1.digest, -$1.since) }) else { return nil }
    return NodeRecord.Held(
      digest: entry.digest.isKnown ? table.digests[entry.digest] : nil, since: .milliseconds(entry.since),
      pullSeconds: entries.map(\.pullSeconds).max().flatMap { $0 < 0 ? nil : Double($0) },
      bytes: entries.map(\.bytes).max().flatMap { $0 < 0 ? nil : $0 },
      access: entries.map { table.accesses[$0.key.access] }.sorted())
  }
}

extension NodeRecord {
  /// Whether a stored record needs no change to be this one. What it holds to the second only does not count.
  func says(whatIsIn other: NodeRecord) -> Bool {
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
