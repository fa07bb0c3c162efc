/// What the time went to, in seconds: of one node's place from the start on, its former nodes included.
struct PullSpending: Hashable, Sendable {
  /// Turns of nodes, and what comes before each image.
  var waiting = 0.0
  /// Bytes, at the rate of the node's link.
  var nodeLink = 0.0
  /// Bytes, at a share of the registry's.
  var registryLink = 0.0
  var unpacking = 0.0
  /// Nodes that had the place, one after the other.
  var nodes = 0

  var total: Double { waiting + nodeLink + registryLink + unpacking }
  var isEmpty: Bool { nodes == 0 }

  /// What would have to be wider: more nodes at a time help unless the registry's link is busy as it is.
  ///
  /// - Parameter registry: seconds that all bytes need on the registry's link alone.
  func bound(registry: Double) -> PullEstimate.Bound {
    if registryLink > 0, registry >= total * 3 / 4 { return .registryLink }
    if nodes > 1 { return .waves }
    let most = max(waiting, nodeLink, registryLink, unpacking)
    return most == nodeLink ? .nodeLink : most == registryLink ? .registryLink : most == unpacking ? .disk : .latency
  }
}
