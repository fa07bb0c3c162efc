import Documents

/// The rules of roles and bindings: `pkg/apis/rbac/validation`.
enum AccessValidation {
  static let group = "rbac.authorization.k8s.io"

  /// Colons are allowed: `system:node`.
  static func nameProblem(_ name: String) -> String? {
    if name == "." || name == ".." { return "may not be '\(name)'" }
    for mark in ["/", "%"] where name.contains(mark) { return "may not contain '\(mark)'" }
    return nil
  }

  static func problems(inRules rules: [JSON], isNamespaced: Bool) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    for (index, rule) in rules.enumerated() {
      let place = "rules[\(index)]"
      func isEmpty(_ field: String) -> Bool { rule[field]?.array?.isEmpty ?? true }
      if isEmpty("verbs") { problems.append(.required("\(place).verbs", "verbs must contain at least one value")) }
      if !isEmpty("nonResourceURLs") {
        if isNamespaced {
          problems.append(
            .invalid(
              "\(place).nonResourceURLs", rule["nonResourceURLs"] ?? [],
              "namespaced rules cannot apply to non-resource URLs"))
        }
        if !isEmpty("apiGroups") || !isEmpty("resources") || !isEmpty("resourceNames") {
          problems.append(
            .invalid(
              "\(place).nonResourceURLs", rule["nonResourceURLs"] ?? [],
              "rules cannot apply to both regular resources and non-resource URLs"))
        }
        continue
      }
      if isEmpty("apiGroups") {
        problems.append(.required("\(place).apiGroups", "resource rules must supply at least one api group"))
      }
      if isEmpty("resources") {
        problems.append(.required("\(place).resources", "resource rules must supply at least one resource"))
      }
    }
    return problems
  }

  static func problems(inBinding binding: JSON, old: JSON?, isNamespaced: Bool) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    let role = binding["roleRef"] ?? [:]
    if role["apiGroup"]?.string != group {
      problems.append(.unsupported("roleRef.apiGroup", role["apiGroup"] ?? "", [group]))
    }
    let kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]
    if !kinds.contains(role["kind"]?.string ?? "") {
      problems.append(.unsupported("roleRef.kind", role["kind"] ?? "", kinds))
    }
    let name = role["name"]?.string ?? ""
    if name.isEmpty {
      problems.append(.required("roleRef.name"))
    } else if let problem = nameProblem(name) {
      problems.append(.invalid("roleRef.name", .string(name), problem))
    }
    for (index, subject) in (binding["subjects"]?.array ?? []).enumerated() {
      problems += self.problems(inSubject: subject, at: "subjects[\(index)]")
    }
    if let old, old["roleRef"] != binding["roleRef"] {
      problems.append(.invalid("roleRef", role, "cannot change roleRef"))
    }
    return problems
  }

  private static func problems(inSubject subject: JSON, at place: String) -> [FieldProblem] {
    let name = subject["name"]?.string ?? ""
    if name.isEmpty { return [.required("\(place).name")] }
    switch subject["kind"]?.string {
    case "ServiceAccount":
      if let problem = NameRules.subdomainProblem(name) { return [.invalid("\(place).name", .string(name), problem)] }
      if subject["apiGroup"]?.string?.isEmpty == false {
        return [.unsupported("\(place).apiGroup", subject["apiGroup"] ?? "", [""])]
      }
      return (subject["namespace"]?.string ?? "").isEmpty ? [.required("\(place).namespace")] : []
    case "User", "Group":
      return subject["apiGroup"]?.string == group
        ? [] : [.unsupported("\(place).apiGroup", subject["apiGroup"] ?? "", [group])]
    default:
      return [.unsupported("\(place).kind", subject["kind"] ?? "", ["ServiceAccount", "User", "Group"])]
    }
  }
}
