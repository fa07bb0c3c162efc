import Documents

/// Rules of the kinds that hold a pod's template.
enum WorkloadValidation {
  static func problems(in object: JSON, kind: String, old: JSON?) -> [FieldProblem] {
    let spec = object["spec"] ?? .null
    var problems = template(spec["template"] ?? .null, at: "spec.template")
    if let selector = spec["selector"], selector.object != nil {
      problems += self.problems(inSelector: selector, at: "spec.selector")
      let query = LabelQuery(selector: selector)
      if query.isEmpty {
        problems.append(.invalid("spec.selector", selector, "empty selector is invalid for \(kind.lowercased())"))
      } else if !query.matches(spec["template"] ?? .null) {
        problems.append(
          .invalid(
            "spec.template.metadata.labels", spec[path: "template", "metadata", "labels"] ?? .null,
            "`selector` does not match template `labels`"))
      }
    } else {
      problems.append(.required("spec.selector"))
    }
    guard let old else { return problems }
    if old[path: "spec", "selector"] != spec["selector"] {
      problems.append(.invalid("spec.selector", spec["selector"] ?? .null, "field is immutable"))
    }
    return problems
  }

  /// A `metav1.LabelSelector`.
  private static func problems(inSelector selector: JSON, at path: String) -> [FieldProblem] {
    var problems = MetadataValidation.labels(["labels": selector["matchLabels"] ?? [:]], at: "\(path).matchLabels")
    for (index, requirement) in (selector["matchExpressions"]?.array ?? []).enumerated() {
      problems += PodValidation.problems(
        inRequirement: requirement, at: "\(path).matchExpressions[\(index)]", comparesNumbers: false)
    }
    return problems
  }

  private static func template(_ template: JSON, at path: String) -> [FieldProblem] {
    var problems = PodValidation.problems(
      in: template["spec"] ?? .null, at: "\(path).spec", restartPolicies: ["Always"])
    problems += MetadataValidation.labels(template["metadata"] ?? .null, at: "\(path).labels")
    return problems
  }
}
