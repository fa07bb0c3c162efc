import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Of what makes pods.
extension ObjectTable {
  static let workloads: [String: [Column]] = [
    "Deployment": [
      name, text("Ready", replicas), number("Up-to-date", "status", "updatedReplicas"),
      number("Available", "status", "availableReplicas"), age, containers, images, ownSelector,
    ],
    "ReplicaSet": [
      name, number("Desired", "spec", "replicas"), number("Current", "status", "replicas"),
      number("Ready", "status", "readyReplicas"), age, containers, images, ownSelector,
    ],
    "StatefulSet": [name, text("Ready", replicas), age, containers, images],
    "DaemonSet": [
      name, number("Desired", "status", "desiredNumberScheduled"),
      number("Current", "status", "currentNumberScheduled"), number("Ready", "status", "numberReady"),
      number("Up-to-date", "status", "updatedNumberScheduled"), number("Available", "status", "numberAvailable"),
      text("Node Selector") { labels($0[path: "spec", "template", "spec", "nodeSelector"]) }, age, containers, images,
      ownSelector,
    ],
    "Job": [
      name, text("Status", jobStatus), text("Completions", completions),
      Column("Duration") { .string(duration($0, $1)) },
      age, containers, images, ownSelector,
    ],
    "CronJob": [
      name, field("Schedule", "spec", "schedule"), field("Timezone", "spec", "timeZone"),
      text("Suspend") { $0[path: "spec", "suspend"]?.bool.map { $0 ? "True" : "False" } ?? "<unset>" },
      Column("Active", type: "integer") { job, _ in .integer(Int64(job[path: "status", "active"]?.array?.count ?? 0)) },
      Column("Last Schedule") { job, now in
        job[path: "status", "lastScheduleTime"].map { .string(HumanTime.age($0, now)) } ?? "<none>"
      }, age, templates("Containers", "name", of: "jobTemplate"), templates("Images", "image", of: "jobTemplate"),
      text("Selector", wide: true) { selector($0[path: "spec", "jobTemplate", "spec", "selector"]) },
    ],
  ]

  private static let containers = templates("Containers", "name")
  private static let images = templates("Images", "image")
  private static let ownSelector = text("Selector", wide: true) { selector($0[path: "spec", "selector"]) }

  /// - Parameter outer: the field of the specification that holds the object whose template counts.
  private static func templates(_ title: String, _ field: String, of outer: String? = nil) -> Column {
    text(title, wide: true) { object in
      let owner = outer.flatMap { object[path: "spec", $0] } ?? object
      return (owner[path: "spec", "template", "spec", "containers"]?.array ?? []).compactMap { $0[field]?.string }
        .joined(separator: ",")
    }
  }

  @Sendable private static func replicas(_ object: JSON) -> String {
    "\(object[path: "status", "readyReplicas"]?.integer ?? 0)/\(object[path: "spec", "replicas"]?.integer ?? 0)"
  }

  // MARK: Jobs

  @Sendable private static func jobStatus(_ job: JSON) -> String {
    let conditions = job[path: "status", "conditions"]?.array ?? []
    func has(_ type: String) -> Bool { conditions.contains { $0["type"]?.string == type && $0["status"] == "True" } }
    if let over = ["Complete", "Failed"].first(where: has) { return over }
    if job[path: "metadata", "deletionTimestamp"] != nil { return "Terminating" }
    return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].first(where: has) ?? "Running"
  }

  @Sendable private static func completions(_ job: JSON) -> String {
    let done = job[path: "status", "succeeded"]?.integer ?? 0
    if let wanted = job[path: "spec", "completions"]?.integer { return "\(done)/\(wanted)" }
    let parallelism = job[path: "spec", "parallelism"]?.integer ?? 0
    return parallelism > 1 ? "\(done)/1 of \(parallelism)" : "\(done)/1"
  }

  /// Nothing before it has begun.
  @Sendable private static func duration(_ job: JSON, _ now: Date) -> String {
    guard let begun = job[path: "status", "startTime"]?.string.flatMap(HumanTime.date) else { return "" }
    let end = job[path: "status", "completionTime"]?.string.flatMap(HumanTime.date) ?? now
    return HumanTime.duration(Int(end.timeIntervalSince(begun)))
  }
}
