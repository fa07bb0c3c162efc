import ImageModel

/// How the nodes of one Prepull stand, in numbers. They are kept as differences, so that a node that changes costs what
/// it costs alone.
struct PrepullCounts: Sendable {
  typealias Cell = FleetMachine.Cell
  typealias State = FleetMachine.State

  /// What one node adds, beside its cells.
  struct Share: Hashable, Sendable {
    var state: State?
    /// Images failed that are not refused everywhere.
    var isFailing = false
    /// Why a pending node is not begun.
    var blocker: FleetSummary.Blocker?
    var lacksAgent = false
  }

  struct LastFailure: Sendable {
    let failure: WarmFailure
    let node: NodeIndex
  }

  /// By position of the image, and state.
  private var cells: [[Int]]
  /// By position: nodes that met a failure that does not heal by itself.
  private var finals: [Set<NodeIndex>]
  private var lastFailures: [Int: LastFailure] = [:]
  private var states = [Int](repeating: 0, count: State.allCases.count)
  private var blockers = [Int](repeating: 0, count: FleetSummary.Blocker.allCases.count)
  /// Nodes where an image failed.
  private(set) var failing = 0
  /// Nodes without the agent that the plan needs.
  private(set) var withoutAgent = 0
  private(set) var unreachable: Set<NodeIndex> = []

  init(images: Int = 0) {
    cells = Array(repeating: [Int](repeating: 0, count: Cell.State.allCases.count), count: images)
    finals = Array(repeating: [], count: images)
  }

  // MARK: What is asked

  subscript(state: State) -> Int { states[Int(state.rawValue)] }
  subscript(blocker: FleetSummary.Blocker) -> Int { blockers[Int(blocker.rawValue)] }

  /// Nodes that can be reached and can hold an image.
  var wanted: Int { self[.warm] + self[.stale] + self[.pulling] + self[.pending] + self[.failed] }

  func count(of state: Cell.State, at position: Int) -> Int { cells[position][Int(state.rawValue)] }
  func finals(at position: Int) -> Set<NodeIndex> { finals[position] }
  /// The last failure that still stands.
  func lastFailure(at position: Int) -> LastFailure? { lastFailures[position] }

  // MARK: What happens

  /// - Parameter failure: of an image, by its position, on this node.
  mutating func change(
    _ node: NodeIndex, from old: [Cell], to new: [Cell], failure: (_ position: Int) -> WarmFailure?
  ) {
    for position in 0..<max(old.count, new.count) {
      let before = position < old.count ? old[position] : nil
      let after = position < new.count ? new[position] : nil
      guard before != after else { continue }
      if let before { cells[position][Int(before.state.rawValue)] -= 1 }
      if let after { cells[position][Int(after.state.rawValue)] += 1 }
      if before?.isFinal == true, after?.isFinal != true { finals[position].remove(node) }
      if after?.isFinal == true { finals[position].insert(node) }
      if after != nil, let failure = failure(position) {
        if lastFailures[position] == nil { failed(at: position, failure, on: node) }
      } else if lastFailures[position]?.node == node {
        lastFailures[position] = nil
      }
    }
  }

  mutating func change(_ node: NodeIndex, from old: Share, to new: Share) {
    add(old, -1)
    add(new, 1)
    if new.state == .unreachable { unreachable.insert(node) } else { unreachable.remove(node) }
  }

  private mutating func add(_ share: Share, _ step: Int) {
    if let state = share.state { states[Int(state.rawValue)] += step }
    if share.isFailing { failing += step }
    if share.lacksAgent { withoutAgent += step }
    if let blocker = share.blocker { blockers[Int(blocker.rawValue)] += step }
  }

  mutating func failed(at position: Int, _ failure: WarmFailure, on node: NodeIndex) {
    lastFailures[position] = LastFailure(failure: failure, node: node)
  }

  /// Takes over what is known of an image from the Prepull as it was before.
  mutating func carryFailure(at position: Int, from before: Self, at former: Int) {
    lastFailures[position] = before.lastFailures[former]
  }
}
