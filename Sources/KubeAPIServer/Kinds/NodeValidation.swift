import Documents

/// The rules of nodes that clients may break: those of taints.
enum NodeValidation {
  static func problems(in node: JSON) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    var seen: Set<JSON> = []
    for (index, taint) in (node[path: "spec", "taints"]?.array ?? []).enumerated() {
      let place = "spec.taints[\(index)]"
      let key = taint["key"]?.string ?? ""
      if let problem = NameRules.labelKeyProblem(key) {
        problems.append(.invalid("\(place).key", .string(key), problem))
      }
      if let value = taint["value"]?.string, let problem = NameRules.labelValueProblem(value) {
        problems.append(.invalid("\(place).value", .string(value), problem))
      }
      let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
      let effect = taint["effect"]?.string ?? ""
      if effect.isEmpty {
        problems.append(.required("\(place).effect"))
      } else if !effects.contains(effect) {
        problems.append(.unsupported("\(place).effect", .string(effect), effects))
      }
      if !seen.insert(["key": .string(key), "effect": .string(effect)]).inserted {
        problems.append(.duplicate(place, taint))
      }
    }
    return problems
  }
}

/// The rules of events of the new kind, which have an `eventTime`.
enum EventValidation {
  static func problems(in event: JSON) -> [FieldProblem] {
    guard event["eventTime"]?.string != nil else { return [] }
    var problems: [FieldProblem] = []
    for field in ["reportingComponent", "reportingInstance", "action", "reason"] {
      let text = event[field]?.string ?? ""
      if text.isEmpty { problems.append(.required(field)) }
      if field != "reportingComponent", text.utf8.count > 128 {
        problems.append(.invalid(field, "", "can have at most 128 characters"))
      }
    }
    if event["message"]?.string?.utf8.count ?? 0 > 1024 {
      problems.append(.invalid("message", "", "can have at most 1024 characters"))
    }
    return problems
  }
}
