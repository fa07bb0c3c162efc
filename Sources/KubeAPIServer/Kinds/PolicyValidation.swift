import Documents

/// What is wrong with a ValidatingAdmissionPolicy or its binding, but for its expressions.
///
/// Source: `pkg/apis/admissionregistration/validation`.
enum PolicyValidation {
  static func policy(_ object: JSON) -> [FieldProblem] {
    let spec = object["spec"] ?? [:]
    var problems: [FieldProblem] = []
    if let failure = spec["failurePolicy"], !["Fail", "Ignore"].contains(failure) {
      problems.append(.unsupported("spec.failurePolicy", failure, ["Fail", "Ignore"]))
    }
    if spec["matchConstraints"] == nil {
      problems.append(.required("spec.matchConstraints", ""))
    } else {
      problems += rules(spec[path: "matchConstraints", "resourceRules"], "spec.matchConstraints.resourceRules")
    }
    let (validations, annotations) = (spec["validations"]?.array ?? [], spec["auditAnnotations"]?.array ?? [])
    if validations.isEmpty, annotations.isEmpty {
      problems.append(.required("spec.validations", "validations or auditAnnotations must be specified"))
    }
    problems += named(spec["matchConditions"], "spec.matchConditions") + named(spec["variables"], "spec.variables")
    for (index, validation) in validations.enumerated() {
      if (validation["expression"]?.string ?? "").isEmpty {
        problems.append(.required("spec.validations[\(index)].expression", "expression is not specified"))
      }
      let reasons = ["Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge"]
      if let reason = validation["reason"]?.string, !reasons.contains(reason) {
        problems.append(.unsupported("spec.validations[\(index)].reason", .string(reason), reasons))
      }
    }
    return problems
  }

  /// Fills in what was left out.
  static func complete(_ object: inout JSON) {
    if object[path: "spec", "failurePolicy"] == nil { object[path: "spec", "failurePolicy"] = "Fail" }
    guard var constraints = object[path: "spec", "matchConstraints"], constraints.object != nil else { return }
    if constraints["matchPolicy"] == nil { constraints["matchPolicy"] = "Equivalent" }
    for selector in ["namespaceSelector", "objectSelector"] where constraints[selector] == nil {
      constraints[selector] = [:]
    }
    for list in ["resourceRules", "excludeResourceRules"] {
      guard let rules = constraints[list]?.array else { continue }
      constraints[list] = .array(
        rules.map { rule in
          var rule = rule
          if rule["scope"] == nil { rule["scope"] = "*" }
          return rule
        })
    }
    object[path: "spec", "matchConstraints"] = constraints
  }

  static func binding(_ object: JSON) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    if (object[path: "spec", "policyName"]?.string ?? "").isEmpty {
      problems.append(.required("spec.policyName", ""))
    }
    let actions = object[path: "spec", "validationActions"]?.array ?? []
    if actions.isEmpty {
      problems.append(.required("spec.validationActions", "at least one validation action is required"))
    }
    for (index, action) in actions.enumerated() where !["Deny", "Warn", "Audit"].contains(action) {
      problems.append(.unsupported("spec.validationActions[\(index)]", action, ["Audit", "Deny", "Warn"]))
    }
    if actions.contains("Deny"), actions.contains("Warn") {
      problems.append(
        .invalid(
          "spec.validationActions", .array(actions),
          "must not contain both Deny and Warn (repeating the same validation failure information in the API response "
            + "and headers serves no purpose)"))
    }
    return problems
  }

  private static func rules(_ list: JSON?, _ path: String) -> [FieldProblem] {
    let rules = list?.array ?? []
    if rules.isEmpty { return [.required(path, "")] }
    var problems: [FieldProblem] = []
    let operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]
    for (index, rule) in rules.enumerated() {
      for field in ["operations", "apiGroups", "apiVersions", "resources"] where rule[field]?.array?.isEmpty ?? true {
        problems.append(.required("\(path)[\(index)].\(field)", ""))
      }
      for (number, operation) in (rule["operations"]?.array ?? []).enumerated()
      where !operations.contains(operation.string ?? "") {
        problems.append(.unsupported("\(path)[\(index)].operations[\(number)]", operation, operations))
      }
    }
    return problems
  }

  /// Entries with a name of their own and an expression.
  private static func named(_ list: JSON?, _ path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    var names: Set<String> = []
    for (index, entry) in (list?.array ?? []).enumerated() {
      let name = entry["name"]?.string ?? ""
      if name.isEmpty { problems.append(.required("\(path)[\(index)].name", "")) }
      if (entry["expression"]?.string ?? "").isEmpty { problems.append(.required("\(path)[\(index)].expression", "")) }
      if !names.insert(name).inserted {
        problems.append(
          FieldProblem(
            reason: "FieldValueDuplicate", field: "\(path)[\(index)].name", message: "Duplicate value: \"\(name)\""))
      }
    }
    return problems
  }
}
