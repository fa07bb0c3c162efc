/// The gates of one node: taints that keep pods off it until it is warm.
struct NodeGates: Sendable {
  private struct Gate: Sendable {
    var record: NodeRecord.Gate
    /// When its opening was last asked for.
    var askedAt: Duration?
    /// Since when no Prepull waits for it.
    var unclaimedSince: Duration?
    /// Whether it was put on the record for a Prepull that goes.
    var isKept = false

    var isClosed: Bool { record.openedAt == nil }
  }

  /// A Prepull that chose the node and has a gate.
  struct Claim: Sendable {
    let taint: String
    /// Whether all its images are there that the node can hold.
    let isWarm: Bool
    /// After which the gate opens although the node is cold.
    let deadline: Duration
  }

  struct Opening: Hashable, Sendable {
    let taint: String
    let reason: GateOpening.Reason
    /// When the taint was first seen.
    let since: Duration
  }

  private var gates: [Gate] = []

  init(_ records: [NodeRecord.Gate] = []) { gates = records.map { Gate(record: $0) } }

  /// What is to be remembered of them.
  var records: [NodeRecord.Gate] { gates.map(\.record) }
  /// Whether one is closed.
  var isClosed: Bool { gates.contains(where: \.isClosed) }

  func isClosed(_ taint: String) -> Bool { gates.contains { $0.isClosed && $0.record.taint == taint } }

  /// Whether there is one that would not be found again as it is without a record.
  func needsRecord(nodeCreatedAt createdAt: Duration) -> Bool { gates.contains { $0.record.since != createdAt } }

  /// Takes in the taints that the node has now, and those that Prepulls have as gates.
  ///
  /// - Returns: whether there is something new to be recorded.
  mutating func nodeUpdated(
    taints: Set<String>, wanted: Set<String>, createdAt: Duration, isNew: Bool, at now: Duration
  ) -> Bool {
    var isChanged = false
    for index in gates.indices where gates[index].isClosed && !taints.contains(gates[index].record.taint) {
      gates[index].record.openedAt = now
      gates[index].askedAt = nil
      isChanged = true
    }
    gates.removeAll { !$0.isClosed && !wanted.contains($0.record.taint) }
    for taint in wanted.intersection(taints).sorted() {
      let known = gates.firstIndex { $0.record.taint == taint }
      if let known, gates[known].isClosed { continue }
      // The taint of a new node was there from the start; this needs no record to be found again.
      let wasThere = known == nil && isNew
      let gate = Gate(record: NodeRecord.Gate(taint: taint, since: wasThere ? min(now, createdAt) : now))
      if let known { gates[known] = gate } else { gates.append(gate) }
      if !wasThere { isChanged = true }
    }
    return isChanged
  }

  /// Keeps a closed gate of a Prepull that is gone, as somebody has to open it; false when it is kept already.
  mutating func keep(_ taint: String, since: Duration) -> Bool {
    let known = gates.firstIndex { $0.isClosed && $0.record.taint == taint }
    if known == nil {
      gates.removeAll { $0.record.taint == taint }
      gates.append(Gate(record: NodeRecord.Gate(taint: taint, since: since)))
    }
    let index = known ?? gates.count - 1
    guard !gates[index].isKept else { return false }
    gates[index].isKept = true
    return true
  }

  /// Opens the gates whose Prepulls are warm, whose deadline passed or that nobody claims; when to ask again.
  mutating func open(claims: [Claim], unclaimedTimeout: Duration, at now: Duration) -> (
    openings: [Opening], nextDue: Duration?
  ) {
    let retryInterval = Duration.seconds(60)
    var openings: [Opening] = []
    var dues: [Duration] = []
    for index in gates.indices where gates[index].isClosed {
      if let askedAt = gates[index].askedAt, now < askedAt + retryInterval {
        dues.append(askedAt + retryInterval)
        continue
      }
      let (opensAt, reason) = opening(of: index, claims, unclaimedTimeout, now)
      guard opensAt <= now else {
        dues.append(opensAt)
        continue
      }
      gates[index].askedAt = now
      gates[index].record.reason = reason
      openings.append(Opening(taint: gates[index].record.taint, reason: reason, since: gates[index].record.since))
      dues.append(now + retryInterval)
    }
    return (openings, dues.min())
  }

  /// When a gate opens by what is known now, and why.
  private mutating func opening(of index: Int, _ claims: [Claim], _ unclaimedTimeout: Duration, _ now: Duration) -> (
    at: Duration, GateOpening.Reason
  ) {
    let record = gates[index].record
    let waiting = claims.filter { $0.taint == record.taint }
    guard !waiting.isEmpty else {
      let since = gates[index].unclaimedSince ?? now
      gates[index].unclaimedSince = since
      return (since + unclaimedTimeout, .unclaimed)
    }
    gates[index].unclaimedSince = nil
    let deadlines = waiting.filter { !$0.isWarm }.map(\.deadline)
    guard let deadline = deadlines.max() else { return (now, .warm) }
    return (record.since + deadline, .deadlinePassed)
  }
}
