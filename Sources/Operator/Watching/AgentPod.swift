import Kubernetes

/// A pod of the agents' DaemonSet, of which only that is read which says whether its node has an agent.
struct AgentPod: Resource {
  static let apiVersion = Pod.apiVersion
  static let kind = Pod.kind
  static let plural = Pod.plural
  /// By which agents are known, in their own namespace.
  static let labels = "app.kubernetes.io/name=prepull,app.kubernetes.io/component=agent"

  struct Spec: Codable, Hashable, Sendable {
    var nodeName: String?
  }

  struct Status: Codable, Hashable, Sendable {
    var conditions: [Condition]?
  }

  var metadata: ObjectMeta
  var spec: Spec
  var status: Status?

  var isReady: Bool {
    metadata.deletionTimestamp == nil
      && status?.conditions?.first { $0.type == "Ready" }?.status == "True"
  }
}
