extension ResourceName {
  static let pods = ResourceName(plural: "pods")
  static let nodes = ResourceName(plural: "nodes")
  static let namespaces = ResourceName(plural: "namespaces")
  static let configMaps = ResourceName(plural: "configmaps")
  static let secrets = ResourceName(plural: "secrets")
  static let events = ResourceName(plural: "events")
  static let leases = ResourceName(group: "coordination.k8s.io", plural: "leases")
  static let daemonSets = ResourceName(group: "apps", plural: "daemonsets")
}
