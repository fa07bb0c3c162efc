import Documents

/// Whether a pod may be on a node: selectors, affinity, taints.
///
/// Source: `k8s.io/component-helpers/scheduling/corev1` and its nodeaffinity package.
enum NodeMatch {
  /// `nodeSelector` and required node affinity.
  static func selects(_ spec: JSON, _ node: JSON) -> Bool {
    let labels = node[path: "metadata", "labels"]?.object ?? [:]
    for (key, value) in spec["nodeSelector"]?.object ?? [:] where labels[key] != value { return false }
    guard
      let terms = spec[
        path: "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]?.array
    else { return true }
    return terms.contains { matches($0, labels, name: node[path: "metadata", "name"]?.string ?? "") }
  }

  /// The nodes that a pod is bound to by `matchFields`, or nil if it is not: all terms have to name some.
  static func names(_ spec: JSON) -> Set<String>? {
    guard
      let terms = spec[
        path: "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]?.array,
      !terms.isEmpty
    else { return nil }
    var names: Set<String> = []
    for term in terms {
      let own = (term["matchFields"]?.array ?? []).filter { $0["operator"] == "In" && $0["key"] == "metadata.name" }
      guard !own.isEmpty else { return nil }
      names.formUnion(own.flatMap { $0["values"]?.array ?? [] }.compactMap(\.string))
    }
    return names
  }

  private static func matches(_ term: JSON, _ labels: [String: JSON], name: String) -> Bool {
    let expressions = term["matchExpressions"]?.array ?? []
    let fields = term["matchFields"]?.array ?? []
    // A term without any requirement matches nothing.
    guard !expressions.isEmpty || !fields.isEmpty else { return false }
    return expressions.allSatisfy { matches($0, labels[$0["key"]?.string ?? ""]?.string) }
      && fields.allSatisfy { $0["key"] == "metadata.name" && matches($0, name) }
  }

  private static func matches(_ requirement: JSON, _ value: String?) -> Bool {
    let values = (requirement["values"]?.array ?? []).compactMap(\.string)
    switch requirement["operator"]?.string {
    case "In": return value.map(values.contains) ?? false
    case "NotIn": return value.map { !values.contains($0) } ?? true
    case "Exists": return value != nil
    case "DoesNotExist": return value == nil
    case .some(let comparison) where comparison == "Gt" || comparison == "Lt":
      guard let value, let have = Int64(value), let bound = values.first.flatMap({ Int64($0) }) else { return false }
      return comparison == "Gt" ? have > bound : have < bound
    default: return false
    }
  }

  static func taints(_ node: JSON) -> [JSON] { node[path: "spec", "taints"]?.array ?? [] }

  static func tolerates(_ tolerations: [JSON], _ taint: JSON) -> Bool {
    tolerations.contains { tolerates($0, taint) }
  }

  static func tolerates(_ toleration: JSON, _ taint: JSON) -> Bool {
    let effect = toleration["effect"]?.string ?? ""
    guard effect.isEmpty || effect == taint["effect"]?.string else { return false }
    let key = toleration["key"]?.string ?? ""
    guard key.isEmpty || key == taint["key"]?.string else { return false }
    switch toleration["operator"]?.string ?? "Equal" {
    case "Exists": return true
    case "Equal", "": return (toleration["value"]?.string ?? "") == (taint["value"]?.string ?? "")
    default: return false
    }
  }

  /// The first taint with one of these effects that a pod does not tolerate.
  static func untolerated(_ node: JSON, _ tolerations: [JSON], effects: Set<String>) -> JSON? {
    taints(node).first { effects.contains($0["effect"]?.string ?? "") && !tolerates(tolerations, $0) }
  }
}
