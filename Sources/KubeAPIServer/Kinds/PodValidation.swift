import Documents

/// The rules of pods and templates that matter here: `pkg/apis/core/validation`.
enum PodValidation {
  static func problems(in spec: JSON, at path: String, restartPolicies: [String] = ["Always", "OnFailure", "Never"])
    -> [FieldProblem]
  {
    var problems: [FieldProblem] = []
    let containers = spec["containers"]?.array ?? []
    if containers.isEmpty { problems.append(.required("\(path).containers")) }
    let volumes = Set((spec["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
    var names: Set<String> = []
    for (list, containers) in [("initContainers", spec["initContainers"]?.array ?? []), ("containers", containers)] {
      for (index, container) in containers.enumerated() {
        let place = "\(path).\(list)[\(index)]"
        problems += self.problems(inContainer: container, at: place, volumes: volumes)
        if let name = container["name"]?.string, !name.isEmpty, !names.insert(name).inserted {
          problems.append(.duplicate("\(place).name", .string(name)))
        }
      }
    }
    problems += PodSystem.problems(in: spec, at: path)
    problems += self.problems(inVolumes: spec["volumes"]?.array ?? [], at: "\(path).volumes")
    if let policy = spec["restartPolicy"]?.string, !restartPolicies.contains(policy) {
      problems.append(.unsupported("\(path).restartPolicy", .string(policy), restartPolicies))
    }
    if let seconds = spec["terminationGracePeriodSeconds"]?.integer, seconds < 0 {
      problems.append(
        .invalid("\(path).terminationGracePeriodSeconds", .integer(seconds), "must be greater than or equal to 0"))
    }
    for (key, value) in spec["nodeSelector"]?.object ?? [:] {
      if let problem = NameRules.labelKeyProblem(key) {
        problems.append(.invalid("\(path).nodeSelector", .string(key), problem))
      }
      if let problem = NameRules.labelValueProblem(value.string ?? "") {
        problems.append(.invalid("\(path).nodeSelector", value, problem))
      }
    }
    problems += self.problems(inTolerations: spec["tolerations"]?.array ?? [], at: "\(path).tolerations")
    return problems + self.problems(inAffinity: spec["affinity"] ?? .null, at: "\(path).affinity")
  }

  private static func problems(inContainer container: JSON, at place: String, volumes: Set<String>)
    -> [FieldProblem]
  {
    var problems: [FieldProblem] = []
    let name = container["name"]?.string ?? ""
    if name.isEmpty {
      problems.append(.required("\(place).name"))
    } else if let problem = NameRules.labelProblem(name) {
      problems.append(.invalid("\(place).name", .string(name), problem))
    }
    let image = container["image"]?.string ?? ""
    if image.isEmpty {
      problems.append(.required("\(place).image"))
    } else if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
      problems.append(
        .invalid("\(place).image", .string(image), "must not have leading or trailing whitespace"))
    }
    if let policy = container["imagePullPolicy"]?.string, !["Always", "IfNotPresent", "Never"].contains(policy) {
      problems.append(
        .unsupported("\(place).imagePullPolicy", .string(policy), ["Always", "IfNotPresent", "Never"]))
    }
    var paths: Set<String> = []
    for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
      let volume = mount["name"]?.string ?? ""
      let path = mount["mountPath"]?.string ?? ""
      if volume.isEmpty {
        problems.append(.required("\(place).volumeMounts[\(index)].name"))
      } else if !volumes.contains(volume) {
        problems.append(.notFound("\(place).volumeMounts[\(index)].name", .string(volume)))
      }
      if path.isEmpty {
        problems.append(.required("\(place).volumeMounts[\(index)].mountPath"))
      } else if !paths.insert(path).inserted {
        problems.append(
          .invalid("\(place).volumeMounts[\(index)].mountPath", .string(path), "must be unique"))
      }
    }
    return problems + self.problems(inResources: container["resources"] ?? .null, at: "\(place).resources")
  }

  private static func problems(inResources resources: JSON, at place: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    for list in ["limits", "requests"] {
      for (name, amount) in resources[list]?.object ?? [:] where ResourceQuantity(amount) == nil {
        problems.append(
          .invalid(
            "\(place).\(list)[\(name)]", amount,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"))
      }
    }
    for (name, amount) in resources["requests"]?.object ?? [:] {
      guard let request = ResourceQuantity(amount),
        let limit = resources[path: "limits", name].flatMap(ResourceQuantity.init),
        request > limit
      else { continue }
      problems.append(
        .invalid(
          "\(place).requests", amount,
          "must be less than or equal to \(name) limit of \(resources[path: "limits", name]?.string ?? "")"))
    }
    return problems
  }

  private static func problems(inVolumes volumes: [JSON], at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    var names: Set<String> = []
    for (index, volume) in volumes.enumerated() {
      let name = volume["name"]?.string ?? ""
      if name.isEmpty {
        problems.append(.required("\(path)[\(index)].name"))
      } else if let problem = NameRules.labelProblem(name) {
        problems.append(.invalid("\(path)[\(index)].name", .string(name), problem))
      } else if !names.insert(name).inserted {
        problems.append(.duplicate("\(path)[\(index)].name", .string(name)))
      }
      let sources = (volume.object ?? [:]).filter { $0.key != "name" && $0.value != .null }.keys.sorted()
      for source in sources.dropFirst() {
        problems.append(.forbidden("\(path)[\(index)].\(source)", "may not specify more than 1 volume type"))
      }
    }
    return problems
  }

  private static func problems(inTolerations tolerations: [JSON], at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    for (index, toleration) in tolerations.enumerated() {
      let place = "\(path)[\(index)]"
      let sign = toleration["operator"]?.string ?? "Equal"
      let key = toleration["key"]?.string ?? ""
      if !key.isEmpty, let problem = NameRules.labelKeyProblem(key) {
        problems.append(.invalid("\(place).key", .string(key), problem))
      }
      if key.isEmpty, sign != "Exists" {
        problems.append(
          .invalid(
            "\(place).operator", .string(sign),
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
      }
      if !["Equal", "Exists"].contains(sign) {
        problems.append(.unsupported("\(place).operator", .string(sign), ["Equal", "Exists"]))
      }
      if sign == "Exists", let value = toleration["value"]?.string, !value.isEmpty {
        problems.append(
          .invalid("\(place).operator", toleration, "value must be empty when `operator` is 'Exists'"))
      }
      let effect = toleration["effect"]?.string ?? ""
      if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) {
        problems.append(
          .unsupported("\(place).effect", .string(effect), ["NoSchedule", "PreferNoSchedule", "NoExecute"]))
      }
    }
    return problems
  }

  private static func problems(inAffinity affinity: JSON, at path: String) -> [FieldProblem] {
    guard let required = affinity[path: "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"] else {
      return []
    }
    let place = "\(path).nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    let terms = required["nodeSelectorTerms"]?.array ?? []
    if terms.isEmpty { return [.required(place, "must have at least one node selector term")] }
    var problems: [FieldProblem] = []
    for (index, term) in terms.enumerated() {
      for (number, requirement) in (term["matchExpressions"]?.array ?? []).enumerated() {
        problems += self.problems(
          inRequirement: requirement, at: "\(place)[\(index)].matchExpressions[\(number)]")
      }
      for (number, field) in (term["matchFields"]?.array ?? []).enumerated() {
        let spot = "\(place)[\(index)].matchFields[\(number)]"
        if field["key"] != "metadata.name" {
          problems.append(.invalid("\(spot).key", field["key"] ?? "", "not a valid field selector key"))
        }
        if field["values"]?.array?.count != 1 {
          problems.append(
            .required(
              "\(spot).values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
        }
      }
    }
    return problems
  }

  /// - Parameter comparesNumbers: whether `Gt` and `Lt` are known, as for nodes.
  static func problems(
    inRequirement requirement: JSON, at place: String, comparesNumbers: Bool = true
  ) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    let values = (requirement["values"]?.array ?? []).compactMap(\.string)
    let sign = requirement["operator"]?.string ?? ""
    switch sign {
    case "In", "NotIn":
      if values.isEmpty {
        problems.append(.required("\(place).values", "must be specified when `operator` is 'In' or 'NotIn'"))
      }
    case "Exists", "DoesNotExist":
      if !values.isEmpty {
        problems.append(
          .forbidden("\(place).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      }
    case "Gt" where comparesNumbers, "Lt" where comparesNumbers:
      if values.count != 1 {
        problems.append(
          .required("\(place).values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
      }
    default: problems.append(.invalid("\(place).operator", .string(sign), "not a valid selector operator"))
    }
    let key = requirement["key"]?.string ?? ""
    if let problem = NameRules.labelKeyProblem(key) {
      problems.append(.invalid("\(place).key", .string(key), problem))
    }
    for (index, value) in values.enumerated() {
      if let problem = NameRules.labelValueProblem(value) {
        problems.append(.invalid("\(place).values[\(index)]", .string(value), problem))
      }
    }
    return problems
  }
}
