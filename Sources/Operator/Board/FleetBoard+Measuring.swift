import Serving
import Warming
import Kubernetes

extension FleetBoard {
  /// Brings up to date what metrics tell about now.
  func measure() {
    metrics.queueDepth.set(Double(machine.depths.queued), "nodes")
    metrics.queueDepth.set(Double(writes.count), "writes")
    metrics.pods.set(Double(pods.seenNames.count))
    let keys = Set(gates)
    let gated = keys.isEmpty ? 0 : nodes.values.count { $0.taints.contains { keys.contains($0.key) } }
    metrics.gatedNodes.set(Double(gated))
    let ready = agents.nodes.count { agents.presence(on: $0) == .ready }
    metrics.agents.set(Double(ready), "ready")
    metrics.agents.set(Double(agents.nodes.count - ready), "starting")
  }
}
