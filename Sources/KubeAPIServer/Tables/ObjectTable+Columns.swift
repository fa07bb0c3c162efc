import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ObjectTable {
  static func columns(of definition: ResourceDefinition, version: String) -> [Column] {
    if let custom = definition.custom { return [name] + custom.columns(version) }
    return builtIn[definition.kind] ?? [name, created]
  }

  static let name = Column("Name", format: "name") { object, _ in object[path: "metadata", "name"] ?? "" }
  static let age = Column("Age") { object, now in
    .string(HumanTime.age(object[path: "metadata", "creationTimestamp"], now))
  }
  static let created = Column("Created At", type: "date") { object, _ in
    object[path: "metadata", "creationTimestamp"] ?? ""
  }

  static func field(
    _ title: String, _ path: String..., wide: Bool = false, type: String = "string", missing: JSON = "<none>"
  ) -> Column {
    Column(title, type: type, priority: wide ? 1 : 0) { object, _ in object[path: path[...]] ?? missing }
  }

  static func number(_ title: String, _ path: String...) -> Column {
    Column(title, type: "integer") { object, _ in object[path: path[...]] ?? 0 }
  }

  static func text(
    _ title: String, wide: Bool = false, _ cell: @escaping @Sendable (JSON) -> String
  ) -> Column {
    Column(title, priority: wide ? 1 : 0) { object, _ in .string(cell(object)) }
  }

  /// How many elements a list, or an object, has.
  static func count(_ title: String, _ paths: String...) -> Column {
    Column(title, type: "integer") { object, _ in
      .integer(Int64(paths.map { object[$0]?.object?.count ?? object[$0]?.array?.count ?? 0 }.reduce(0, +)))
    }
  }

  static func labels(_ map: JSON?) -> String {
    let labels = map?.object ?? [:]
    if labels.isEmpty { return "<none>" }
    return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
  }

  /// A label selector, as `metav1.FormatLabelSelector` writes it.
  static func selector(_ selector: JSON?) -> String {
    let pairs = (selector?["matchLabels"]?.object ?? [:]).map { ($0.key, "\($0.key)=\($0.value.string ?? "")") }
    let expressions = (selector?["matchExpressions"]?.array ?? []).map { expression in
      let key = expression["key"]?.string ?? ""
      let values = (expression["values"]?.array ?? []).compactMap(\.string).sorted().joined(separator: ",")
      let text =
        switch expression["operator"]?.string {
        case "In": "\(key) in (\(values))"
        case "NotIn": "\(key) notin (\(values))"
        case "DoesNotExist": "!\(key)"
        default: key
        }
      return (key, text)
    }
    let all = (pairs + expressions).sorted { $0.0 < $1.0 }.map(\.1)
    return all.isEmpty ? "<none>" : all.joined(separator: ",")
  }

  /// All others have a name and the time of their creation, as in `rest.NewDefaultTableConvertor`.
  private static let builtIn: [String: [Column]] = [
    "Pod": pod, "Node": node, "Event": event,
    "ConfigMap": [name, count("Data", "data", "binaryData"), age],
    "Secret": [name, field("Type", "type"), count("Data", "data"), age],
    "Namespace": [name, field("Status", "status", "phase"), age],
    "ServiceAccount": [name, count("Secrets", "secrets"), age],
    "Lease": [name, field("Holder", "spec", "holderIdentity", missing: ""), age],
    "PriorityClass": [
      name, number("Value", "value"), field("Global-Default", "globalDefault", type: "boolean", missing: false), age,
      field("PreemptionPolicy", "preemptionPolicy"),
    ],
  ].merging(workloads) { $1 }.merging(services) { $1 }.merging(rules) { $1 }

  private static let pod: [Column] = [
    name,
    text("Ready") { pod in
      let row = PodRow(pod)
      return "\(row.ready)/\(row.total)"
    },
    text("Status") { PodRow($0).status }, Column("Restarts") { .string(PodRow($0).restartText($1)) }, age,
    field("IP", "status", "podIP", wide: true), field("Node", "spec", "nodeName", wide: true),
    field("Nominated Node", "status", "nominatedNodeName", wide: true),
    text("Readiness Gates", wide: true) { _ in "<none>" },
  ]

  private static let node: [Column] = [
    name, text("Status", nodeStatus), text("Roles", nodeRoles), age,
    field("Version", "status", "nodeInfo", "kubeletVersion", missing: ""),
    text("Internal-IP", wide: true) { address($0, "InternalIP") },
    text("External-IP", wide: true) { address($0, "ExternalIP") },
    field("OS-Image", "status", "nodeInfo", "osImage", wide: true, missing: "<unknown>"),
    field("Kernel-Version", "status", "nodeInfo", "kernelVersion", wide: true, missing: "<unknown>"),
    field("Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion", wide: true, missing: "<unknown>"),
  ]

  private static let event: [Column] = [
    Column("Last Seen") { .string(lastSeen($0, $1)) }, field("Type", "type", missing: ""),
    field("Reason", "reason", missing: ""),
    text("Object") { event in
      let object = event["involvedObject"] ?? .null
      return "\((object["kind"]?.string ?? "").lowercased())/\(object["name"]?.string ?? "")"
    },
    text("Subobject", wide: true) { $0[path: "involvedObject", "fieldPath"]?.string ?? "" },
    text("Source", wide: true) { event in
      [
        event[path: "source", "component"]?.string ?? event["reportingComponent"]?.string,
        event[path: "source", "host"]?.string,
      ].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ", ")
    },
    text("Message") { ($0["message"]?.string ?? "").trimmingSpaces },
    Column("First Seen", priority: 1) { event, now in
      .string(HumanTime.age(event["firstTimestamp"] ?? event["eventTime"], now))
    },
    Column("Count", type: "integer", priority: 1) { event, _ in event["count"] ?? 1 },
    Column("Name", format: "name", priority: 1) { event, _ in event[path: "metadata", "name"] ?? "" },
  ]

  @Sendable private static func lastSeen(_ event: JSON, _ now: Date) -> String {
    if let series = event[path: "series", "lastObservedTime"] { return HumanTime.age(series, now) }
    let last = event["lastTimestamp"]?.string == nil ? event["eventTime"] : event["lastTimestamp"]
    return HumanTime.age(last, now)
  }

  @Sendable private static func nodeStatus(_ node: JSON) -> String {
    let ready = (node[path: "status", "conditions"]?.array ?? []).first { $0["type"] == "Ready" }
    var parts = [ready.map { $0["status"] == "True" ? "Ready" : "NotReady" } ?? "Unknown"]
    if node[path: "spec", "unschedulable"] == true { parts.append("SchedulingDisabled") }
    return parts.joined(separator: ",")
  }

  @Sendable private static func nodeRoles(_ node: JSON) -> String {
    var roles: Set<String> = []
    for (key, value) in node[path: "metadata", "labels"]?.object ?? [:] {
      if key.hasPrefix("node-role.kubernetes.io/") {
        roles.insert(String(key.dropFirst("node-role.kubernetes.io/".count)))
      } else if key == "kubernetes.io/role", let role = value.string {
        roles.insert(role)
      }
    }
    roles.remove("")
    return roles.isEmpty ? "<none>" : roles.sorted().joined(separator: ",")
  }

  private static func address(_ node: JSON, _ type: String) -> String {
    (node[path: "status", "addresses"]?.array ?? []).first { $0["type"]?.string == type }?["address"]?.string
      ?? "<none>"
  }
}
