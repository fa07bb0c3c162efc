/// Which records are to be stored: what changed, what was asked for, and what waits for it.
struct RecordWriter: Sendable {
  private struct Record: Sendable {
    /// Of the content.
    var serial = 0
    var askedSerial = 0
    var isUrgent = false
    var storedSerial = 0
    /// Of the content that was asked to be stored last, and of that which is stored.
    var askedHash: Int?
    var storedHash: Int?
    /// Whether the node may have a WarmNode.
    var exists = false
    /// Prepulls that are gone and wait until their claims are off the record.
    var leaving: [(plan: PlanIndex, serial: Int)] = []
  }

  private var records: [Record] = []
  /// Never used twice, so that a late answer about a node that is gone means nothing.
  private var lastSerial = 0

  /// Records that are asked for and not stored yet.
  var unrecorded: Int { records.count { $0.askedSerial > $0.storedSerial } }

  private subscript(node: NodeIndex) -> Record {
    get { node.offset < records.count ? records[node.offset] : Record() }
    _modify {
      while records.count <= node.offset { records.append(Record()) }
      yield &records[node.offset]
    }
  }

  // MARK: What is asked

  func exists(_ node: NodeIndex) -> Bool { self[node].exists }
  /// Of the content that is known now.
  func serial(of node: NodeIndex) -> Int { self[node].serial }
  func isStored(_ serial: Int, of node: NodeIndex) -> Bool { self[node].storedSerial >= serial }
  func isUpToDate(_ node: NodeIndex) -> Bool { isStored(serial(of: node), of: node) }
  func isAwaited(_ node: NodeIndex) -> Bool { !self[node].leaving.isEmpty }
  /// Whether the content changed since it was asked to be stored.
  func isUnasked(_ node: NodeIndex) -> Bool { self[node].serial > self[node].askedSerial }

  // MARK: What happens

  /// The content of a node's record changed.
  mutating func changed(_ node: NodeIndex) {
    lastSerial += 1
    self[node].serial = lastSerial
  }

  mutating func markExisting(_ node: NodeIndex) { self[node].exists = true }

  /// A Prepull that is gone waits until the record is stored as it is now.
  mutating func hold(_ plan: PlanIndex, for node: NodeIndex) {
    self[node].leaving.append((plan, self[node].serial))
  }

  /// The stored record was read and needs no change.
  mutating func foundStored(_ node: NodeIndex, hash: Int) {
    self[node].storedHash = hash
    self[node].storedSerial = self[node].askedSerial
  }

  /// Asks for the content of this hash to be stored; nil when it is.
  mutating func ask(_ node: NodeIndex, hash: Int, isUrgent: Bool) -> Int? {
    let isStored = self[node].storedHash == hash && self[node].askedSerial == self[node].storedSerial
    self[node].askedSerial = self[node].serial
    self[node].askedHash = hash
    if isStored { return nil }
    self[node].exists = true
    self[node].isUrgent = isUrgent
    return self[node].serial
  }

  /// Has what was asked for stored at once; nil when it is, or that was said before.
  mutating func urge(_ node: NodeIndex) -> Int? {
    guard !self[node].isUrgent, self[node].askedSerial > self[node].storedSerial else { return nil }
    self[node].isUrgent = true
    return self[node].askedSerial
  }

  /// The record of this serial is stored; answers which Prepulls need not wait for it any more.
  mutating func stored(_ node: NodeIndex, serial: Int) -> [PlanIndex] {
    let last = max(self[node].storedSerial, min(serial, self[node].serial))
    self[node].storedSerial = last
    // What changed since it was asked for may be in it or not.
    self[node].storedHash = last >= self[node].serial ? self[node].askedHash : nil
    let left = self[node].leaving.filter { $0.serial <= last }.map(\.plan)
    self[node].leaving.removeAll { $0.serial <= last }
    return left
  }

  /// Nothing waits for a record of this node any more; answers which Prepulls did.
  mutating func release(_ node: NodeIndex) -> [PlanIndex] {
    guard isAwaited(node) else { return [] }
    defer { self[node].leaving = [] }
    return self[node].leaving.map(\.plan)
  }

  /// Another machine has the node's name: what is stored is about the one that is gone.
  mutating func nodeReplaced(_ node: NodeIndex) {
    self[node].isUrgent = false
    self[node].askedHash = nil
    self[node].storedHash = nil
    if self[node].exists { changed(node) }
  }

  /// Forgets a node whose place goes to another; answers which Prepulls need not wait for it any more.
  mutating func nodeRemoved(_ node: NodeIndex) -> [PlanIndex] {
    defer { self[node] = Record() }
    return release(node)
  }
}
