import Documents

/// The plugin ResourceQuota, for pods: what a namespace's quotas have against another one.
///
/// Source: `staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota`, `pkg/quota/v1/evaluator/core/pods.go`.
enum QuotaAdmission {
  private static let required: Set = [
    "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
  ]

  /// - Parameter others: the pods of the namespace.
  static func problem(with pod: JSON, _ quotas: [JSON], _ others: [JSON]) -> String? {
    for quota in quotas.sorted(by: { ObjectName($0).name < ObjectName($1).name }) where covers(quota, pod) {
      let hard = quota[path: "spec", "hard"]?.object ?? [:]
      let name = ObjectName(quota).name
      if let missing = missing(in: pod, Set(hard.keys).intersection(required)) {
        return "failed quota: \(name): must specify \(missing)"
      }
      let (used, asked) = (used(quota, others), PodUsage(pod).counted)
      let exceeded = hard.keys.sorted().filter { resource in
        guard let limit = hard[resource].flatMap(ResourceQuantity.init), let amount = asked[resource] else {
          return false
        }
        return (used[resource] ?? 0) + amount > limit.value
      }
      guard !exceeded.isEmpty else { continue }
      func list(_ text: (String) -> String) -> String { exceeded.map { "\($0)=\(text($0))" }.joined(separator: ",") }
      let requested = list { PodUsage.text(asked[$0] ?? 0, of: $0) }
      let taken = list { PodUsage.text(used[$0] ?? 0, of: $0) }
      let limited = list { hard[$0]?.string ?? hard[$0]?.text ?? "" }
      return "exceeded quota: \(name), requested: \(requested), used: \(taken), limited: \(limited)"
    }
    return nil
  }

  /// What the pods take of what a quota limits.
  static func used(_ quota: JSON, _ pods: [JSON]) -> [String: Double] {
    var used: [String: Double] = [:]
    for pod in pods where covers(quota, pod) {
      for (resource, amount) in PodUsage(pod).counted where quota[path: "spec", "hard", resource] != nil {
        // What is over takes nothing but its place among the objects.
        if resource != "count/pods", ["Succeeded", "Failed"].contains(pod.phase) { continue }
        used[resource, default: 0] += amount
      }
    }
    return used
  }

  private static func covers(_ quota: JSON, _ pod: JSON) -> Bool {
    let isBestEffort = PodDefaults.qualityOfService(pod) == "BestEffort"
    return (quota[path: "spec", "scopes"]?.array ?? []).allSatisfy { scope in
      switch scope.string {
      case "BestEffort": isBestEffort
      case "NotBestEffort": !isBestEffort
      case "Terminating": pod[path: "spec", "activeDeadlineSeconds"] != nil
      case "NotTerminating": pod[path: "spec", "activeDeadlineSeconds"] == nil
      default: true
      }
    }
  }

  /// `limits.cpu for: c0,c1; limits.memory for: c0`.
  private static func missing(in pod: JSON, _ required: Set<String>) -> String? {
    var missing: [String: Set<String>] = [:]
    for list in ["containers", "initContainers"] {
      for container in pod[path: "spec", list]?.array ?? [] {
        for resource in required {
          let parts = resource.split(separator: ".").map(String.init)
          let (kind, name) = parts.count == 2 ? (parts[0], parts[1]) : ("requests", resource)
          guard container[path: "resources", kind, name] == nil else { continue }
          missing[resource, default: []].insert(container["name"]?.string ?? "")
        }
      }
    }
    if missing.isEmpty { return nil }
    return missing.sorted { $0.key < $1.key }.map { "\($0.key) for: \($0.value.sorted().joined(separator: ","))" }
      .joined(separator: "; ")
  }
}
