extension ResourceName {
  package static let pods = ResourceName(plural: "pods")
  package static let admissionPolicies = ResourceName(
    group: "admissionregistration.k8s.io", plural: "validatingadmissionpolicies")
  package static let admissionPolicyBindings = ResourceName(
    group: "admissionregistration.k8s.io", plural: "validatingadmissionpolicybindings")
  package static let nodes = ResourceName(plural: "nodes")
  package static let namespaces = ResourceName(plural: "namespaces")
  package static let configMaps = ResourceName(plural: "configmaps")
  package static let secrets = ResourceName(plural: "secrets")
  package static let events = ResourceName(plural: "events")
  package static let limitRanges = ResourceName(plural: "limitranges")
  package static let resourceQuotas = ResourceName(plural: "resourcequotas")
  package static let leases = ResourceName(group: "coordination.k8s.io", plural: "leases")
  package static let daemonSets = ResourceName(group: "apps", plural: "daemonsets")
  package static let deployments = ResourceName(group: "apps", plural: "deployments")
  package static let replicaSets = ResourceName(group: "apps", plural: "replicasets")
  package static let serviceAccounts = ResourceName(plural: "serviceaccounts")
  package static let disruptionBudgets = ResourceName(group: "policy", plural: "poddisruptionbudgets")
  package static let roles = ResourceName(group: BuiltInKinds.accessGroup, plural: "roles")
  package static let clusterRoles = ResourceName(group: BuiltInKinds.accessGroup, plural: "clusterroles")
  package static let roleBindings = ResourceName(group: BuiltInKinds.accessGroup, plural: "rolebindings")
  package static let clusterRoleBindings = ResourceName(group: BuiltInKinds.accessGroup, plural: "clusterrolebindings")
}
