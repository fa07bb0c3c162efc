/// The nodes by name, and which of them are to be reconciled.
struct NodeTable: Sendable {
  private(set) var states: [FleetMachine.NodeState] = []
  private var known: [String: NodeIndex] = [:]
  private var free: [NodeIndex] = []
  /// To be reconciled, each once.
  private var dirty: [NodeIndex] = []
  private var isDirty: [Bool] = []
  /// How often one that was dirty came up.
  private(set) var popped = 0

  /// All places, those without a node among them.
  var indices: some Collection<NodeIndex> { states.indices.lazy.map { NodeIndex(offset: $0) } }

  /// Changed where it lies: its collections are never copied for a change.
  ///
  /// Never `_read`: Swift 6.3 reads what that yields after it has ended, from memory that is free by then, where the
  /// value is large (swiftlang/swift#89836, fixed in 6.4).
  subscript(node: NodeIndex) -> FleetMachine.NodeState {
    get { states[node.offset] }
    _modify { yield &states[node.offset] }
  }

  func index(of name: String) -> NodeIndex? { known[name] }

  /// The place under which a node's name is kept, new or known.
  mutating func add(_ name: String) -> NodeIndex {
    if let index = known[name] { return index }
    let index: NodeIndex
    if let place = free.popLast() {
      index = place
      states[index.offset] = FleetMachine.NodeState(name: name)
    } else {
      index = NodeIndex(offset: states.count)
      states.append(FleetMachine.NodeState(name: name))
      isDirty.append(false)
    }
    known[name] = index
    return index
  }

  mutating func remove(_ node: NodeIndex) {
    known[states[node.offset].name] = nil
    states[node.offset] = FleetMachine.NodeState(name: "")
    free.append(node)
  }

  // MARK: Dirty nodes

  var hasDirty: Bool { !dirty.isEmpty }

  mutating func markDirty(_ node: NodeIndex) {
    guard !isDirty[node.offset] else { return }
    isDirty[node.offset] = true
    dirty.append(node)
  }

  mutating func popDirty() -> NodeIndex? {
    guard let node = dirty.popLast() else { return nil }
    isDirty[node.offset] = false
    popped += 1
    return node
  }
}
