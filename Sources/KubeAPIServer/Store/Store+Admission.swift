package import Documents
import Synchronization

extension Store {
  /// Says whether an object may be written or, where it is nil, deleted; throws the refusal.
  package typealias Review = (_ object: JSON?, _ old: JSON?) throws(StatusError) -> Void

  /// Nil where nobody evaluates policies.
  func policyRules(_ policy: JSON) -> (any PolicyRules)? {
    let key = "\(policy.uid)/\(policy[path: "metadata", "generation"]?.integer ?? 0)"
    if let known = compiledPolicies.withLock({ $0[key] }) { return known }
    let rules = state.withLock(\.rules).policy(policy["spec"] ?? [:]).rules
    compiledPolicies.withLock { $0[key] = rules }
    return rules
  }

  /// What admission plugins do to new objects.
  func admit(_ object: inout JSON, _ definition: ResourceDefinition) throws(StatusError) {
    guard definition.name == ResourceName(plural: "pods") else { return }
    try limit(&object)
    if hasAccounts { try assignAccount(&object) }
    try prioritise(&object)
    try enforceSecurity(object)
    let key = RequestKey(verb: "create", resource: "pods")
    if let refusal = policies.refusal(of: key, .pods, name: nil, object) { throw refusal }
    try checkQuotas(object)
  }

  private func limit(_ pod: inout JSON) throws(StatusError) {
    let ranges = count(.limitRanges) == 0 ? [] : list(.limitRanges, namespace: ObjectName(pod).namespace).items
    if ranges.isEmpty { return }
    LimitRanger.complete(&pod, ranges)
    pod[path: "status", "qosClass"] = .string(PodDefaults.qualityOfService(pod))
    let problems = LimitRanger.problems(in: pod, ranges)
    guard let first = problems.first else { return }
    throw .forbidden(
      .pods, ObjectName(pod).name, problems.count == 1 ? first : "[\(problems.joined(separator: ", "))]")
  }

  private func checkQuotas(_ pod: JSON) throws(StatusError) {
    let namespace = ObjectName(pod).namespace
    let quotas = count(.resourceQuotas) == 0 ? [] : list(.resourceQuotas, namespace: namespace).items
    if quotas.isEmpty { return }
    let others = list(.pods, namespace: namespace).items
    if let problem = QuotaAdmission.problem(with: pod, quotas, others) {
      throw .forbidden(.pods, ObjectName(pod).name, problem)
    }
  }

  /// The plugin PodSecurity: the namespace's labels say what its pods may ask for.
  private func enforceSecurity(_ pod: JSON) throws(StatusError) {
    guard let violation = violation(of: pod["spec"] ?? .null, in: pod, mode: "enforce") else { return }
    throw .forbidden(ResourceName(plural: "pods"), pod[path: "metadata", "name"]?.string ?? "", violation)
  }

  private func violation(of spec: JSON, in object: JSON, mode: String) -> String? {
    guard let name = object[path: "metadata", "namespace"]?.string,
      let namespace = get(ResourceName(plural: "namespaces"), name: name)
    else { return nil }
    let label = "pod-security.kubernetes.io/\(mode)"
    guard let level = namespace[path: "metadata", "labels", label]?.string else { return nil }
    let version = namespace[path: "metadata", "labels", label + "-version"]?.string ?? "latest"
    return PodSecurity.violation(of: spec, level: level, version: version)
  }

  /// The plugin Priority: the number that a pod's class stands for.
  private func prioritise(_ pod: inout JSON) throws(StatusError) {
    let classes = ResourceName(group: "scheduling.k8s.io", plural: "priorityclasses")
    let name = pod[path: "spec", "priorityClassName"]?.string ?? ""
    let found: JSON?
    if name.isEmpty {
      found = list(classes).items.filter { $0["globalDefault"] == true }.first
      if let found { pod[path: "spec", "priorityClassName"] = found[path: "metadata", "name"] }
    } else {
      found = get(classes, name: name)
      if found == nil {
        throw .forbidden(
          ResourceName(plural: "pods"), pod[path: "metadata", "name"]?.string ?? "",
          "no PriorityClass with name \(name) was found")
      }
    }
    guard let found else { return }
    pod[path: "spec", "priority"] = found["value"]
    pod[path: "spec", "preemptionPolicy"] = found["preemptionPolicy"]
  }
}

extension Store {
  /// What the client is to be warned of.
  func warnings(about object: JSON, _ definition: ResourceDefinition) -> [String] {
    let spec: JSON? =
      switch definition.kind {
      case "Pod": object["spec"]
      case "CronJob": object[path: "spec", "jobTemplate", "spec", "template", "spec"]
      default: object[path: "spec", "template", "spec"]
      }
    guard definition.custom == nil, let spec else { return [] }
    return violation(of: spec, in: object, mode: "warn").map {
      ["would \($0)".replacing("would violates", with: "would violate")]
    } ?? []
  }
}
