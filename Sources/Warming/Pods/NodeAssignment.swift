package import Kubernetes

/// How a pod reaches its node.
package enum NodeAssignment: String, CaseIterable, Sendable {
  /// By node affinity, as a DaemonSet's pods: the scheduler's rules hold.
  case affinity
  /// By `spec.nodeName`: past the scheduler.
  case nodeName
}

extension PodSpec {
  /// Makes it a pod of one node that ends by itself: when its containers are done, or when its time is over and nobody
  /// is there to end it.
  package mutating func assign(to node: String, by assignment: NodeAssignment = .affinity, timeout: Duration) {
    restartPolicy = "OnFailure"
    activeDeadlineSeconds = Int(timeout.components.seconds) + 60
    switch assignment {
    case .nodeName: nodeName = node
    case .affinity:
      let isNode = NodeSelectorRequirement(key: "metadata.name", operator: .in, values: [node])
      affinity = Affinity(
        nodeAffinity: NodeAffinity(
          required: NodeSelector(nodeSelectorTerms: [NodeSelectorTerm(matchFields: [isNode])])))
    }
  }
}
