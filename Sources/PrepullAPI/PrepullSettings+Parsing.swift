import Warming
package import Kubernetes

extension PrepullSettings {
  static func duration(_ text: String?, _ field: String, least: Duration) throws(SpecError) -> Duration? {
    guard let text else { return nil }
    guard let duration = Duration(go: text), duration >= least, duration <= Defaults.longest else {
      throw SpecError(
        field,
        "'\(text)' is no duration from \(least.components.seconds)s to 8760h (a year); write for example 10m or 1h30m")
    }
    return duration
  }

  static func count(_ number: Int?, _ field: String, least: Int) throws(SpecError) -> Int? {
    guard let number else { return nil }
    guard number >= least else { throw SpecError(field, "is \(number); write a number from \(least) on") }
    return number
  }

  static func share(
    _ value: IntOrString?, or standard: Parallelism, _ field: String, least: Int = 1
  ) throws(SpecError) -> Parallelism {
    guard let value else { return standard }
    do throws(ParallelismError) {
      return try Parallelism(parsing: value.text, least: least)
    } catch {
      throw SpecError(field, "\(error)")
    }
  }

  static func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ text: String?, or standard: Value, _ field: String
  ) throws(SpecError) -> Value {
    guard let text else { return standard }
    guard let value = Value(rawValue: text) else {
      throw SpecError(field, "'\(text)' is none of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }

  static func workloads(_ workloads: Prepull.Workloads?) throws(SpecError) -> Workloads? {
    guard let workloads else { return nil }
    return Workloads(
      namespaces: workloads.namespaces ?? [],
      selector: try NodeRequirement.all(of: workloads.selector, "spec.workloads.selector"),
      history: try count(workloads.history, "spec.workloads.history", least: 0) ?? 0)
  }

  static func podTemplate(_ template: Prepull.PodTemplate?) throws(SpecError) -> PodTemplateOptions {
    let options = PodTemplateOptions(
      labels: template?.labels ?? [:], annotations: template?.annotations ?? [:],
      requests: StringMap((template?.resources?.requests ?? [:]).mapValues(\.text)),
      limits: StringMap((template?.resources?.limits ?? [:]).mapValues(\.text)))
    guard let problem = options.problem else { return options }
    let part = problem.part == .requests || problem.part == .limits ? "resources." : ""
    throw SpecError("spec.podTemplate.\(part)\(problem.part.rawValue)", problem.text)
  }

  static func windows(_ windows: [Prepull.Window]?) throws(SpecError) -> [Window] {
    var read: [Window] = []
    for (index, window) in (windows ?? []).enumerated() {
      let field = "spec.windows[\(index)]"
      let start: CronPattern
      do {
        start = try CronPattern(parsing: window.start)
      } catch {
        throw SpecError("\(field).start", error.description)
      }
      let length = try duration(window.duration, "\(field).duration", least: .seconds(60))
      read.append(Window(start: start, duration: length ?? .zero, timeZone: window.timeZone ?? "UTC"))
    }
    return read
  }

  static func gate(_ gate: Prepull.Gate?) throws(SpecError) -> Gate? {
    guard let gate else { return nil }
    if let problem = NamingRule.key.problem(in: gate.startupTaint) {
      throw SpecError(
        "spec.gate.startupTaint",
        "'\(gate.startupTaint)' \(problem); write the key of a taint, for example prepull.dev/cold")
    }
    let deadline = try duration(gate.deadline, "spec.gate.deadline", least: .seconds(1))
    return Gate(startupTaint: gate.startupTaint, deadline: deadline ?? Defaults.gateDeadline)
  }

  static func choice(of nodes: Prepull.Nodes?, gate: Gate?) throws(SpecError) -> NodeChoice {
    var choice = NodeChoice()
    choice.selector = try NodeRequirement.all(of: nodes?.selector, "spec.nodes.selector")
    choice.tolerations = (nodes?.tolerations ?? []).compactMap(TolerationRule.init)
    if let gate { choice.tolerations.append(TolerationRule(key: gate.startupTaint)) }
    choice.includeNotReady = true
    return choice
  }

  /// What goes with one mode only.
  static func check(_ spec: Prepull.Spec, _ mode: Prepull.Mode) throws(SpecError) {
    if mode == .keep, spec.ttlSecondsAfterFinished != nil {
      throw SpecError("spec.ttlSecondsAfterFinished", "needs mode Once, as a Prepull of mode Keep never finishes")
    }
    let stays = [
      ("refreshInterval", spec.refreshInterval != nil), ("verifyInterval", spec.verifyInterval != nil),
      ("gate", spec.gate != nil),
    ]
    if mode == .once, let (name, _) = stays.first(where: \.1) {
      throw SpecError("spec.\(name)", "needs mode Keep, as a Prepull of mode Once does not stay")
    }
    let engine: Prepull.Engine = try choice(spec.engine, or: .kubelet, "spec.engine")
    let agents = [
      ("fallback", spec.fallback != nil && spec.fallback != Prepull.Fallback.none.rawValue),
      ("removal", spec.removal != nil && spec.removal != Prepull.Removal.never.rawValue),
      ("allowPasswords", spec.allowPasswords ?? false),
    ]
    if engine == .kubelet, let (name, _) = agents.first(where: \.1) {
      throw SpecError("spec.\(name)", "needs engine: Agent, as kubelets pull without an agent")
    }
  }
}

extension NodeRequirement {
  /// The requirements of a label selector; none when it is nil or empty, which chooses everything.
  package static func all(of selector: LabelSelector?, _ field: String) throws(SpecError) -> [NodeRequirement] {
    var requirements: [NodeRequirement] = []
    for (key, value) in (selector?.matchLabels?.entries ?? [:]).sorted(by: { $0.key < $1.key }) {
      try check(key, [value], "\(field).matchLabels", "\(field).matchLabels")
      requirements.append(NodeRequirement(key, .in, [value]))
    }
    for (index, expression) in (selector?.matchExpressions ?? []).enumerated() {
      let place = "\(field).matchExpressions[\(index)]"
      guard let meaning = Operator(rawValue: expression.operator), meaning != .greater, meaning != .less else {
        throw SpecError(
          "\(place).operator", "'\(expression.operator)' is none of In, NotIn, Exists, DoesNotExist")
      }
      let values = expression.values ?? []
      try check(expression.key, values, "\(place).key", "\(place).values")
      let takesValues = meaning == .in || meaning == .notIn
      if takesValues == values.isEmpty {
        throw SpecError(
          "\(place).values",
          takesValues ? "is empty; \(expression.operator) needs at least one" : "\(expression.operator) takes none")
      }
      requirements.append(NodeRequirement(expression.key, meaning, values))
    }
    return requirements
  }

  /// Whether there can be such labels at all: a selector that nothing meets chooses nothing, and nobody notices.
  private static func check(
    _ key: String, _ values: [String], _ keyField: String, _ valueField: String
  ) throws(SpecError) {
    if let problem = NamingRule.key.problem(in: key) {
      throw SpecError(keyField, "no label has the key '\(key)': it \(problem)")
    }
    for value in values {
      if let problem = NamingRule.value.problem(in: value) {
        throw SpecError(valueField, "no label has the value '\(value)': it \(problem)")
      }
    }
  }
}
