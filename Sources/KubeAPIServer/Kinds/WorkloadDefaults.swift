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

  @Sendable static func statefulSet(_ object: inout JSON) {
    guard object["spec"]?.object != nil else { return }
    template(&object, "spec", "template")
    default_(&object, "replicas", 1)
    default_(&object, "podManagementPolicy", "OrderedReady")
    default_(&object, "updateStrategy", ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]])
    default_(&object, "revisionHistoryLimit", 10)
    default_(
      &object, "persistentVolumeClaimRetentionPolicy", ["whenDeleted": "Retain", "whenScaled": "Retain"])
  }

  @Sendable static func job(_ object: inout JSON) {
    guard object["spec"]?.object != nil else { return }
    template(&object, "spec", "template")
    let uid = object[path: "metadata", "uid"] ?? ""
    let name = object[path: "metadata", "name"] ?? ""
    if object[path: "spec", "selector"] == nil, object[path: "spec", "manualSelector"] != true {
      object[path: "spec", "selector"] = ["matchLabels": ["batch.kubernetes.io/controller-uid": uid]]
      for (key, value) in [
        ("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", name), ("controller-uid", uid),
        ("job-name", name),
      ] {
        object[path: "spec", "template", "metadata", "labels", key] = value
      }
    }
    for (key, value) in [
      ("completions", 1), ("parallelism", 1), ("backoffLimit", 6), ("completionMode", "NonIndexed"),
      ("suspend", false), ("manualSelector", false), ("podReplacementPolicy", "TerminatingOrFailed"),
    ] as [(String, JSON)] {
      default_(&object, key, value)
    }
  }

  @Sendable static func cronJob(_ object: inout JSON) {
    guard object["spec"]?.object != nil else { return }
    template(&object, "spec", "jobTemplate", "spec", "template")
    for (key, value) in [
      ("concurrencyPolicy", "Allow"), ("suspend", false), ("successfulJobsHistoryLimit", 3),
      ("failedJobsHistoryLimit", 1),
    ] as [(String, JSON)] {
      default_(&object, key, value)
    }
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
