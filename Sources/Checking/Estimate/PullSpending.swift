/// What the time went to, in seconds: of one node's place from the start on, its former nodes included.
struct PullSpending: Hashable, Sendable {
  /// Turns of nodes, and what comes before each image.
  var waiting = 0.0
  /// Bytes, at the rate of the node's link.
  var nodeLink = 0.0
  /// Bytes, at a share of the registry's.
  var registryLink = 0.0
  /// Bytes, at a share of the cache's link or of those of nodes that hold them.
  var nearbyLink = 0.0
  var unpacking = 0.0
  /// Nodes that had the place, one after the other.
  var nodes = 0

  var total: Double { waiting + nodeLink + registryLink + nearbyLink + unpacking }
  var isEmpty: Bool { nodes == 0 }

  /// What would have to be wider: more nodes at a time help unless the registry's link is busy as it is.
  ///
  /// - Parameters:
  ///   - registry: seconds that its bytes need on the registry's link alone.
  ///   - nearby: what it is called where bytes that are no more the registry's have to share a link.
  func bound(registry: Double, nearby: PullEstimate.Bound = .nodeLink) -> PullEstimate.Bound {
    if registryLink > 0, registry >= total * 3 / 4 { return .registryLink }
    if nodes > 1 { return nearbyLink > total / 2 ? nearby : .waves }
    let most = max(waiting, nodeLink, registryLink, nearbyLink, unpacking)
    if nearbyLink > 0, most == nearbyLink { return nearby }
    return most == nodeLink ? .nodeLink : most == registryLink ? .registryLink : most == unpacking ? .disk : .latency
  }
}
