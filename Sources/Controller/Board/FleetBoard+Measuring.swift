import Kubernetes
import Planning

extension FleetBoard {
  /// Brings up to date what metrics tell about now.
  func measure() {
    metrics.queueDepth.set(Double(machine.depths.queued), "nodes")
    metrics.queueDepth.set(Double(writes.count), "writes")
    metrics.pods.set(Double(pods.count))
    let keys = Set(gates)
    let gated = keys.isEmpty ? 0 : nodes.values.count { $0.taints.contains { keys.contains($0.key) } }
    metrics.gatedNodes.set(Double(gated))
  }

  /// A node has all that it is to hold. Only one that is new tells how long that takes.
  func noteWarm(_ name: String) {
    guard let node = nodes[name]?.node, node.isMarkedWarm != true, marks[name]?.isWarm != true,
      time - node.createdAt < .seconds(3600)
    else { return }
    metrics.nodeWarm.observe(max(.zero, time - node.createdAt))
  }
}
