import Documents

/// The plugin LimitRanger: defaults for containers that say nothing, and refusals of those that say too little or much.
///
/// Source: `plugin/pkg/admission/limitranger/admission.go`.
enum LimitRanger {
  private static let lists = [("containers", "container "), ("initContainers", "init container ")]

  /// A LimitRange's item with its own defaults: the greatest is the default limit, the default limit the default
  /// request.
  static func defaulted(_ item: JSON) -> JSON {
    guard item["type"] == "Container" else { return item }
    var item = item
    for (target, source) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
      for (name, amount) in item[source]?.object ?? [:] where item[path: target, name] == nil {
        item[path: target, name] = amount
      }
    }
    return item
  }

  /// Fills in what the containers leave out, and says so in an annotation.
  static func complete(_ pod: inout JSON, _ ranges: [JSON]) {
    var notes: [String] = []
    for item in items(ranges, "Container") {
      for (list, word) in lists {
        guard var containers = pod[path: "spec", list]?.array else { continue }
        for index in containers.indices {
          let name = containers[index]["name"]?.string ?? ""
          for (source, kind, noun) in [("defaultRequest", "requests", "request"), ("default", "limits", "limit")] {
            let missing = (item[source]?.object ?? [:]).filter {
              containers[index][path: "resources", kind, $0.key] == nil
            }
            for (resource, amount) in missing { containers[index][path: "resources", kind, resource] = amount }
            if missing.isEmpty { continue }
            notes.append("\(missing.keys.sorted().joined(separator: ", ")) \(noun) for \(word)\(name)")
          }
        }
        pod[path: "spec", list] = .array(containers)
      }
    }
    guard !notes.isEmpty else { return }
    pod[path: "metadata", "annotations", "kubernetes.io/limit-ranger"] = .string(
      "LimitRanger plugin set: " + notes.joined(separator: "; "))
  }

  private static func items(_ ranges: [JSON], _ type: String) -> [JSON] {
    ranges.flatMap { ($0[path: "spec", "limits"]?.array ?? []).filter { $0["type"]?.string == type } }
  }

  /// What the ranges have against a pod.
  static func problems(in pod: JSON, _ ranges: [JSON]) -> [String] {
    var problems: [String] = []
    for item in items(ranges, "Container") {
      for (list, _) in lists {
        for container in pod[path: "spec", list]?.array ?? [] {
          problems += self.problems(in: container["resources"] ?? [:], "Container", item)
        }
      }
    }
    for item in items(ranges, "Pod") {
      let usage = PodUsage(pod)
      problems += self.problems(
        in: ["requests": usage.json(usage.requests), "limits": usage.json(usage.limits)], "Pod", item)
    }
    return problems
  }

  private static func problems(in resources: JSON, _ type: String, _ item: JSON) -> [String] {
    var problems: [String] = []
    func amount(_ kind: String, _ name: String) -> (JSON, Double)? {
      resources[path: kind, name].flatMap { json in ResourceQuantity(json).map { (json, $0.value) } }
    }
    func each(_ rule: String, _ body: (_ name: String, _ bound: JSON, _ value: Double) -> Void) {
      for (name, bound) in (item[rule]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
        if let value = ResourceQuantity(bound)?.value { body(name, bound, value) }
      }
    }
    each("min") { name, bound, value in
      let rule = "minimum \(name) usage per \(type) is \(Self.text(bound))"
      guard let request = amount("requests", name) else { return problems.append("\(rule).  No request is specified") }
      if request.1 < value { return problems.append("\(rule), but request is \(Self.text(request.0))") }
      if let limit = amount("limits", name), limit.1 < value {
        problems.append("\(rule), but limit is \(Self.text(limit.0))")
      }
    }
    each("max") { name, bound, value in
      let rule = "maximum \(name) usage per \(type) is \(Self.text(bound))"
      guard let limit = amount("limits", name) else { return problems.append("\(rule).  No limit is specified") }
      if limit.1 > value { return problems.append("\(rule), but limit is \(Self.text(limit.0))") }
      if let request = amount("requests", name), request.1 > value {
        problems.append("\(rule), but request is \(Self.text(request.0))")
      }
    }
    each("maxLimitRequestRatio") { name, bound, value in
      let rule = "\(name) max limit to request ratio per \(type) is \(Self.text(bound))"
      guard let request = amount("requests", name), request.1 > 0 else {
        return problems.append("\(rule), but no request is specified or request is 0")
      }
      guard let limit = amount("limits", name), limit.1 > 0 else {
        return problems.append("\(rule), but no limit is specified or limit is 0")
      }
      if limit.1 / request.1 > value {
        problems.append("\(rule), but provided ratio is \(Self.sixDigits(limit.1 / request.1))")
      }
    }
    return problems
  }

  private static func text(_ quantity: JSON) -> String { quantity.string ?? quantity.text }

  /// As Go's `%f` prints it.
  private static func sixDigits(_ number: Double) -> String {
    let millionths = Int((number * 1_000_000).rounded())
    let fraction = String(millionths % 1_000_000)
    return "\(millionths / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
  }
}
