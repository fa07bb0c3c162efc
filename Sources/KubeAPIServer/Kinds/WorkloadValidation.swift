import Documents

/// Rules of the kinds that hold a pod's template.
enum WorkloadValidation {
  static func problems(in object: JSON, kind: String, old: JSON?) -> [FieldProblem] {
    let spec = object["spec"] ?? .null
    if kind == "CronJob" {
      var problems = template(
        spec[path: "jobTemplate", "spec", "template"] ?? .null, at: "spec.jobTemplate.spec.template",
        ["OnFailure", "Never"])
      if (spec["schedule"]?.string ?? "").isEmpty { problems.append(.required("spec.schedule")) }
      return problems
    }
    let isJob = kind == "Job"
    var problems = template(
      spec["template"] ?? .null, at: "spec.template", isJob ? ["OnFailure", "Never"] : ["Always"])
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
    } else if !isJob {
      problems.append(.required("spec.selector"))
    }
    guard let old else { return problems }
    if old[path: "spec", "selector"] != spec["selector"] {
      problems.append(.invalid("spec.selector", spec["selector"] ?? .null, "field is immutable"))
    }
    if isJob, old[path: "spec", "template"] != spec["template"] {
      problems.append(.invalid("spec.template", spec["template"] ?? .null, "field is immutable"))
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

  private static func template(_ template: JSON, at path: String, _ policies: [String]) -> [FieldProblem] {
    var problems = PodValidation.problems(
      in: template["spec"] ?? .null, at: "\(path).spec", restartPolicies: policies)
    problems += MetadataValidation.labels(template["metadata"] ?? .null, at: "\(path).labels")
    return problems
  }
}
