import Documents

extension PodDefaults {
  @Sendable static func daemonSet(_ object: inout JSON) {
    guard object["spec"]?.object != nil else { return }
    template(&object, "spec", "template")
    default_(&object, "updateStrategy", ["type": "RollingUpdate"])
    if object[path: "spec", "updateStrategy", "type"] == nil {
      object[path: "spec", "updateStrategy", "type"] = "RollingUpdate"
    }
    if object[path: "spec", "updateStrategy", "type"] == "RollingUpdate" {
      for (key, value) in [("maxUnavailable", 1), ("maxSurge", 0)] as [(String, JSON)]
      where object[path: "spec", "updateStrategy", "rollingUpdate", key] == nil {
        object[path: "spec", "updateStrategy", "rollingUpdate", key] = value
      }
    }
    default_(&object, "revisionHistoryLimit", 10)
  }

  @Sendable static func deployment(_ object: inout JSON) {
    guard object["spec"]?.object != nil else { return }
    template(&object, "spec", "template")
    default_(&object, "replicas", 1)
    default_(&object, "strategy", ["type": "RollingUpdate"])
    if object[path: "spec", "strategy", "type"] == nil { object[path: "spec", "strategy", "type"] = "RollingUpdate" }
    if object[path: "spec", "strategy", "type"] == "RollingUpdate" {
      for key in ["maxUnavailable", "maxSurge"]
      where object[path: "spec", "strategy", "rollingUpdate", key] == nil {
        object[path: "spec", "strategy", "rollingUpdate", key] = "25%"
      }
    }
    default_(&object, "revisionHistoryLimit", 10)
    default_(&object, "progressDeadlineSeconds", 600)
  }

  @Sendable static func replicaSet(_ object: inout JSON) {
    guard object["spec"]?.object != nil else { return }
    template(&object, "spec", "template")
    default_(&object, "replicas", 1)
  }

  private static func default_(_ object: inout JSON, _ key: String, _ value: JSON) {
    if object[path: "spec", key] == nil { object[path: "spec", key] = value }
  }

  static func initialStatus(of kind: String) -> JSON {
    switch kind {
    case "DaemonSet":
      ["currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0]
    case "ReplicaSet", "StatefulSet": ["replicas": 0]
    default: [:]
    }
  }
}
