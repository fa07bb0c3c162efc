package import Documents

/// What a pod takes, as quotas and limits count it: its containers together, or the greediest init container.
package struct PodUsage {
  package private(set) var requests: [String: Double] = [:]
  private(set) var limits: [String: Double] = [:]

  package init(_ pod: JSON) {
    requests = Self.sum("requests", pod)
    limits = Self.sum("limits", pod)
  }

  private static func sum(_ kind: String, _ pod: JSON) -> [String: Double] {
    func amounts(_ container: JSON) -> [String: Double] {
      (container[path: "resources", kind]?.object ?? [:]).compactMapValues { ResourceQuantity($0)?.value }
    }
    var sum: [String: Double] = [:]
    var first: [String: Double] = [:]
    var sidecars: [String: Double] = [:]
    for container in pod[path: "spec", "initContainers"]?.array ?? [] {
      if container["restartPolicy"] == "Always" {
        sidecars.merge(amounts(container), uniquingKeysWith: +)
        first.merge(sidecars, uniquingKeysWith: max)
      } else {
        first.merge(amounts(container).merging(sidecars, uniquingKeysWith: +), uniquingKeysWith: max)
      }
    }
    for container in pod[path: "spec", "containers"]?.array ?? [] {
      sum.merge(amounts(container), uniquingKeysWith: +)
    }
    sum.merge(sidecars, uniquingKeysWith: +)
    return sum.merging(first, uniquingKeysWith: max)
  }

  func json(_ amounts: [String: Double]) -> JSON {
    .object(Dictionary(amounts.map { ($0.key, .string(Self.text($0.value, of: $0.key))) }) { first, _ in first })
  }

  /// By the names that quotas have for it.
  var counted: [String: Double] {
    var counted: [String: Double] = ["pods": 1, "count/pods": 1]
    for (name, amount) in requests {
      counted["requests.\(name)"] = amount
      if ["cpu", "memory", "ephemeral-storage"].contains(name) { counted[name] = amount }
    }
    for (name, amount) in limits { counted["limits.\(name)"] = amount }
    return counted
  }

  /// An amount as a quantity is written: `950m`, `64Mi`, `3`.
  static func text(_ amount: Double, of resource: String) -> String {
    if amount != amount.rounded() { return "\(Int((amount * 1000).rounded()))m" }
    var (number, unit) = (Int(amount), 0)
    guard resource.hasSuffix("memory") || resource.hasSuffix("storage") else { return "\(number)" }
    let units = ["", "Ki", "Mi", "Gi", "Ti"]
    while number != 0, number % 1024 == 0, unit < units.count - 1 { (number, unit) = (number / 1024, unit + 1) }
    return "\(number)\(units[unit])"
  }
}
