import Documents

extension BuiltInKinds {
  /// CronJobs are kept as they come.
  static let batch: [ResourceDefinition] = [
    jobs,
    ResourceDefinition(
      "batch", "v1", "CronJob", plural: "cronjobs", shortNames: ["cj"], categories: ["all"], subresources: [.status],
      hasGeneration: true),
  ]

  private static let jobs: ResourceDefinition = {
    var jobs = ResourceDefinition(
      "batch", "v1", "Job", plural: "jobs", categories: ["all"], subresources: [.status], hasGeneration: true,
      selectableFields: ["status.successful"])
    jobs.defaults = PodDefaults.job
    jobs.validate = WorkloadValidation.job
    jobs.initialStatus = { $0["status"] = [:] }
    return jobs
  }()
}

extension PodDefaults {
  /// What a Job's pods are told by is made here too, as nobody chooses it. Source: `pkg/registry/batch/job/strategy.go`.
  @Sendable static func job(_ object: inout JSON, _ old: JSON?) {
    guard var spec = object["spec"], spec.object != nil else { return }
    if spec["parallelism"] == nil, spec["completions"] == nil { spec["completions"] = 1 }
    for (key, value) in [
      ("parallelism", 1), ("backoffLimit", 6), ("completionMode", "NonIndexed"), ("suspend", false),
      ("manualSelector", false), ("podReplacementPolicy", "TerminatingOrFailed"),
    ] as [(String, JSON)] where spec[key] == nil {
      spec[key] = value
    }
    if spec["manualSelector"] != true, old == nil {
      let (name, uid) = (object[path: "metadata", "name"] ?? .null, object[path: "metadata", "uid"] ?? .null)
      for prefix in ["", "batch.kubernetes.io/"] {
        spec[path: "template", "metadata", "labels", prefix + "job-name"] = name
        spec[path: "template", "metadata", "labels", prefix + "controller-uid"] = uid
      }
      spec["selector"] = ["matchLabels": ["batch.kubernetes.io/controller-uid": uid]]
    }
    object["spec"] = spec
    template(&object, "spec", "template")
  }
}

extension WorkloadValidation {
  @Sendable static func job(_ object: JSON, _ old: JSON?) -> [FieldProblem] {
    let spec = object["spec"] ?? .null
    let path = "spec.template"
    var problems: [FieldProblem] = []
    for field in ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
      if let number = spec[field]?.integer, number < 0 {
        problems.append(.invalid("spec.\(field)", .integer(number), "must be greater than or equal to 0"))
      }
    }
    if spec[path: "template", "spec", "restartPolicy"] == "Always" {
      problems.append(.required("\(path).spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""))
    }
    problems += PodValidation.problems(
      in: spec[path: "template", "spec"] ?? .null, at: "\(path).spec",
      restartPolicies: ["Always", "OnFailure", "Never"])
    problems += MetadataValidation.labels(spec[path: "template", "metadata"] ?? .null, at: "\(path).labels")
    guard let old else { return problems }
    for field in ["completions", "selector", "template", "completionMode"] where old[path: "spec", field] != spec[field]
    {
      problems.append(.invalid("spec.\(field)", spec[field] ?? .null, "field is immutable"))
    }
    return problems
  }
}
