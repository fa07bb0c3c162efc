/// Nodes in the order of their turns, with equal loads found once.
struct PullQueue: Sendable {
  /// The loads that differ.
  private(set) var kinds: [[PullLoad]] = []
  /// By node: which of them is its own.
  private(set) var nodes: [Int] = []
  /// Of all nodes.
  let bytes: Double

  init(_ loads: [[PullLoad]]) {
    bytes = loads.reduce(0) { $1.reduce($0) { $0 + Double(max(0, $1.bytes)) } }
    nodes.reserveCapacity(loads.count)
    var known: [[PullLoad]: Int] = [:]
    for load in loads {
      let kind = known[load] ?? kinds.count
      if kind == kinds.count {
        known[load] = kind
        kinds.append(load)
      }
      nodes.append(kind)
    }
  }
}
