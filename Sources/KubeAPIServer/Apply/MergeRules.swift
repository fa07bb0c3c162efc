import Documents

/// How server-side apply sees a value: which lists are maps or sets, and what is one piece.
///
/// Source: the `listType`, `listMapKey`, `mapType` and `structType` tags of `k8s.io/api`; `x-kubernetes-*` of schemas.
struct MergeRules: Sendable {
  enum List: Hashable, Sendable {
    case atomic
    case set
    /// A map in disguise, by these members of its elements.
    case map([String])
  }

  /// The schema of a custom resource at this place; nil for built-in kinds.
  var schema: JSON?
  var isBuiltIn: Bool
  /// The member's name.
  var name = ""
  var parent = ""

  init(_ definition: ResourceDefinition, version: String) {
    isBuiltIn = definition.custom == nil
    schema = definition.custom?.schema(version)
  }

  func member(_ name: String) -> MergeRules {
    var rules = self
    rules.parent = self.name
    rules.name = name
    if !isBuiltIn {
      rules.schema = schema?[path: "properties", name] ?? schema?["additionalProperties"]
      // Every object's metadata follows the same rules.
      if name == "metadata" || parent == "metadata" || self.name == "metadata" { rules.schema = nil }
    }
    return rules
  }

  var element: MergeRules {
    var rules = self
    rules.schema = schema?["items"]
    return rules
  }

  var isAtomic: Bool {
    if schema?["x-kubernetes-map-type"] == "atomic" { return true }
    guard isBuiltIn else { return false }
    return Self.atomicObjects.contains(name) || (name == "selector" && parent == "spec")
  }

  var list: List {
    if let schema {
      switch schema["x-kubernetes-list-type"] {
      case "map": return .map((schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string))
      case "set": return .set
      default: return .atomic
      }
    }
    if parent == "metadata", name == "ownerReferences" { return .map(["uid"]) }
    if parent == "metadata", name == "finalizers" { return .set }
    guard isBuiltIn else { return .atomic }
    switch (parent, name) {
    case (_, "ports"):
      // Of Services by their port; of NetworkPolicies and EndpointSlices in one piece.
      return Self.containerLists.contains(parent)
        ? .map(["containerPort", "protocol"]) : parent == "spec" ? .map(["port", "protocol"]) : .atomic
    case ("endpoints", "addresses"): return .set
    case ("", "imagePullSecrets"): return .atomic
    default: break
    }
    if let keys = Self.maps[name] { return .map(keys) }
    return Self.sets.contains(name) ? .set : .atomic
  }

  private static let atomicObjects: Set<String> = [
    "requiredDuringSchedulingIgnoredDuringExecution", "configMapKeyRef", "secretKeyRef", "fieldRef",
    "resourceFieldRef", "labelSelector", "namespaceSelector", "involvedObject", "claimRef", "targetRef",
    "configMapRef", "secretRef", "localObjectReference", "nodeSelectorTerm", "matchLabelKeys",
  ]

  private static let maps: [String: [String]] = [
    "containers": ["name"], "initContainers": ["name"], "ephemeralContainers": ["name"], "volumes": ["name"],
    "env": ["name"], "volumeMounts": ["mountPath"], "volumeDevices": ["devicePath"],
    "imagePullSecrets": ["name"], "hostAliases": ["ip"], "webhooks": ["name"], "matchConditions": ["name"],
    "conditions": ["type"], "addresses": ["type"], "secrets": ["name"], "schedulingGates": ["name"],
    "topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"], "resourceClaims": ["name"], "podIPs": ["ip"],
    "hostIPs": ["ip"],
  ]

  private static let containerLists: Set<String> = ["containers", "initContainers", "ephemeralContainers"]
  private static let sets: Set<String> = ["podCIDRs"]

  /// What an element that leaves out a key of its list has there.
  func defaultKey(_ key: String) -> JSON? {
    schema?[path: "items", "properties", key, "default"] ?? (key == "protocol" ? "TCP" : nil)
  }

  /// How `fieldsV1` names an element of a map in disguise.
  func key(of element: JSON, _ keys: [String]) -> String {
    var values: [String: JSON] = [:]
    for key in keys {
      // What was left out has its default.
      values[key] = element[key] ?? defaultKey(key)
    }
    return "k:" + JSON.object(values).text
  }
}
