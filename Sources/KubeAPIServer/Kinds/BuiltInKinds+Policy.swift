import Documents

extension BuiltInKinds {
  static let disruptionBudgets: ResourceDefinition = {
    var budgets = ResourceDefinition(
      "policy", "v1", "PodDisruptionBudget", plural: "poddisruptionbudgets", shortNames: ["pdb"],
      subresources: [.status], hasGeneration: true)
    budgets.allowsBlindUpdates = false
    budgets.validate = { budget, _ in
      let spec = budget["spec"] ?? [:]
      var problems: [FieldProblem] = []
      if spec["minAvailable"] != nil, spec["maxUnavailable"] != nil {
        problems.append(.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
      }
      for field in ["minAvailable", "maxUnavailable"] {
        guard let value = spec[field] else { continue }
        if let number = value.integer, number < 0 {
          problems.append(.invalid("spec.\(field)", value, "must be greater than or equal to 0"))
        } else if let text = value.string, !text.hasSuffix("%") || Int(text.dropLast()) == nil {
          problems.append(
            .invalid(
              "spec.\(field)", value,
              "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                + "regex used for validation is '[0-9]+%')"))
        }
      }
      return problems
    }
    budgets.initialStatus = {
      $0["status"] = ["currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0]
    }
    return budgets
  }()
}
