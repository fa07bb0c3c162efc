import Documents

/// A strategic merge patch: lists of objects are merged by the key that their kind declares.
///
/// Source: apimachinery's `strategicpatch`, the `patchMergeKey` tags of `k8s.io/api`.
enum StrategicMerge {
  /// Merge keys by the list's name; in the served kinds a name means the same everywhere, but for the ports of a Service.
  private static let keys = [
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "volumes": "name", "env": "name",
    "volumeMounts": "mountPath", "volumeDevices": "devicePath", "ports": "containerPort", "imagePullSecrets": "name",
    "hostAliases": "ip", "conditions": "type", "addresses": "type", "ownerReferences": "uid", "secrets": "name",
    "topologySpreadConstraints": "topologyKey", "schedulingGates": "name", "resourceClaims": "name", "podIPs": "ip",
    "hostIPs": "ip",
  ]

  /// Lists of plain values that are merged as sets.
  private static let sets: Set<String> = ["finalizers", "podCIDRs"]

  static func apply(_ patch: JSON, to object: JSON) throws(StatusError) -> JSON {
    guard patch.object != nil else { throw .badRequest("a strategic merge patch has to be an object") }
    return try merge(object, patch)
  }

  private static func merge(_ original: JSON, _ patch: JSON) throws(StatusError) -> JSON {
    guard let changes = patch.object else { return patch }
    switch changes["$patch"] {
    case "replace":
      var replaced = patch
      replaced["$patch"] = nil
      return replaced
    case "delete": return [:]
    case nil, "merge": break
    default: throw .badRequest("Unknown patch type \(changes["$patch"]?.text ?? "") in map")
    }
    var members = original.object ?? [:]
    if let kept = changes["$retainKeys"]?.array {
      members = members.filter { kept.contains(.string($0.key)) }
    }
    for (key, change) in changes where key.hasPrefix("$deleteFromPrimitiveList/") {
      let list = String(key.dropFirst("$deleteFromPrimitiveList/".count))
      let removed = change.array ?? []
      if let elements = members[list]?.array { members[list] = .array(elements.filter { !removed.contains($0) }) }
    }
    for (key, change) in changes where !key.hasPrefix("$") {
      switch change {
      case .null: members[key] = nil
      case .object: members[key] = try merge(members[key] ?? [:], change)
      case .array(let elements):
        if let mergeKey = Self.key(of: key, elements), elements.allSatisfy({ $0.object != nil }) {
          members[key] = try merge(list: members[key]?.array ?? [], elements, by: mergeKey)
        } else if sets.contains(key) {
          let present = members[key]?.array ?? []
          members[key] = .array(present + elements.filter { !present.contains($0) })
        } else {
          members[key] = change
        }
      default: members[key] = change
      }
    }
    for (key, order) in changes where key.hasPrefix("$setElementOrder/") {
      let list = String(key.dropFirst("$setElementOrder/".count))
      guard let elements = members[list]?.array else { continue }
      members[list] = .array(sorted(elements, as: order.array ?? [], by: Self.key(of: list, order.array ?? [])))
    }
    return .object(members)
  }

  /// Ports of containers have `containerPort`, those of Services `port`.
  private static func key(of list: String, _ elements: [JSON]) -> String? {
    guard list == "ports", let first = elements.first, first["containerPort"] == nil, first["port"] != nil else {
      return keys[list]
    }
    return "port"
  }

  private static func merge(list: [JSON], _ changes: [JSON], by key: String) throws(StatusError) -> JSON {
    if changes.contains(where: { $0["$patch"] == "replace" }) {
      return .array(changes.filter { $0["$patch"] == nil })
    }
    var elements = list
    for change in changes {
      guard let value = change[key] else {
        throw .badRequest("map: \(change.text) does not contain declared merge key: \(key)")
      }
      let index = elements.firstIndex { $0[key] == value }
      if change["$patch"] == "delete" {
        if let index { elements.remove(at: index) }
      } else if let index {
        elements[index] = try merge(elements[index], change)
      } else {
        elements.append(try merge([:], change))
      }
    }
    return .array(elements)
  }

  /// Elements that the order names stand in that order; the others stay behind what was before them.
  private static func sorted(_ elements: [JSON], as order: [JSON], by key: String?) -> [JSON] {
    func rank(_ element: JSON) -> Int? {
      order.firstIndex { wanted in key.map { wanted[$0] == element[$0] } ?? (wanted == element) }
    }
    var last = -1
    let ranked = elements.enumerated().map { index, element -> (Int, Int, Int, JSON) in
      if let rank = rank(element) {
        last = rank
        return (rank, 0, index, element)
      }
      return (last, 1, index, element)
    }
    return ranked.sorted { ($0.0, $0.1, $0.2) < ($1.0, $1.1, $1.2) }.map(\.3)
  }
}
