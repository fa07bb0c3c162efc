import Operator

extension Permission {
  /// What the agent of a node may do in the whole cluster: a role cannot name the one node, the admission policy
  /// `prepull-agent` does.
  package static let agent = [
    Permission(
      group: "prepull.dev", resources: ["warmnodes"], verbs: ["get", "list", "watch"],
      purpose: "See what its node shall hold, and how many nodes there are."),
    Permission(
      group: "prepull.dev", resources: ["warmnodes/status"], verbs: ["patch"],
      purpose: "Say what its node holds. Of another node's WarmNode, the policy refuses it."),
    Permission(
      group: "", resources: ["nodes"], verbs: ["get", "list", "watch"],
      purpose: "See that its node is still the same one, and whether it has disk pressure."),
  ]

  /// What it may do in its own namespace.
  package static let agentHome = [
    Permission(
      group: "", resources: ["configmaps"], verbs: ["get"], names: [CertificatePublisher.name],
      purpose: "Know the operator by its certificate when it asks for a login.")
  ]
}
