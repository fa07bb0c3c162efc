import Documents

/// What the server says it serves, in both forms: lists per group, and all at once (`apidiscovery.k8s.io`).
struct APIDiscovery: Sendable {
  let definitions: [ResourceDefinition]

  /// - Parameter minor: 36 for Kubernetes 1.36.
  static func version(minor: Int) -> JSON {
    [
      "major": "1", "minor": .string(String(minor)), "gitVersion": .string("v1.\(minor).0+prepull-sandbox"),
      "gitCommit": "", "gitTreeState": "clean", "buildDate": "2025-08-27T00:00:00Z", "goVersion": "none",
      "compiler": "swift", "platform": "linux/amd64",
    ]
  }

  /// Kinds that are asked and never stored.
  static let reviews: [ResourceDefinition] = [
    ResourceDefinition(
      "authorization.k8s.io", "v1", "SelfSubjectAccessReview", plural: "selfsubjectaccessreviews",
      isNamespaced: false),
    ResourceDefinition(
      "authorization.k8s.io", "v1", "SelfSubjectRulesReview", plural: "selfsubjectrulesreviews", isNamespaced: false),
    ResourceDefinition(
      "authorization.k8s.io", "v1", "SubjectAccessReview", plural: "subjectaccessreviews", isNamespaced: false),
    ResourceDefinition(
      "authorization.k8s.io", "v1", "LocalSubjectAccessReview", plural: "localsubjectaccessreviews"),
    ResourceDefinition("authentication.k8s.io", "v1", "TokenReview", plural: "tokenreviews", isNamespaced: false),
    ResourceDefinition(
      "authentication.k8s.io", "v1", "SelfSubjectReview", plural: "selfsubjectreviews", isNamespaced: false),
  ]

  static let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

  static func isReview(_ definition: ResourceDefinition) -> Bool {
    reviews.contains { $0.name == definition.name }
  }

  private static func verbs(of definition: ResourceDefinition) -> JSON {
    isReview(definition) ? ["create"] : .array(verbs.map(JSON.string))
  }

  private static func verbs(of subresource: Subresource) -> JSON {
    switch subresource {
    case .status, .scale: ["get", "patch", "update"]
    case .binding, .eviction, .token: ["create"]
    case .finalize: ["update"]
    case .log: ["get"]
    }
  }

  private static func kind(of subresource: Subresource, _ definition: ResourceDefinition) -> (String, String, String) {
    switch subresource {
    case .eviction: ("policy", "v1", "Eviction")
    case .scale: ("autoscaling", "v1", "Scale")
    case .token: ("authentication.k8s.io", "v1", "TokenRequest")
    default: (definition.name.group, definition.versions.first ?? "v1", definition.kind)
    }
  }

  /// Groups in the order in which kubectl looks for names in them.
  private var groups: [(name: String, definitions: [ResourceDefinition])] {
    let order = ["", "apps", "authentication.k8s.io", "authorization.k8s.io", "batch"]
    let all = Dictionary(grouping: definitions + Self.reviews, by: \.name.group)
    return all.map { (name: $0.key, definitions: $0.value.sorted { $0.name.plural < $1.name.plural }) }
      .sorted { a, b in
        let (first, second) = (order.firstIndex(of: a.name) ?? 99, order.firstIndex(of: b.name) ?? 99)
        return first == second ? a.name < b.name : first < second
      }
  }

  private static func versions(_ definitions: [ResourceDefinition]) -> [String] {
    var seen: Set<String> = []
    return definitions.flatMap(\.versions).filter { seen.insert($0).inserted }
  }

  // MARK: Lists per group

  static let coreVersions: JSON = [
    "kind": "APIVersions", "versions": ["v1"],
    "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"]],
  ]

  var groupList: JSON {
    [
      "kind": "APIGroupList", "apiVersion": "v1",
      "groups": .array(groups.filter { !$0.name.isEmpty }.map { Self.group($0.name, $0.definitions) }),
    ]
  }

  func group(_ name: String) -> JSON? {
    guard let found = groups.first(where: { $0.name == name }), !name.isEmpty else { return nil }
    var group = Self.group(name, found.definitions)
    group["kind"] = "APIGroup"
    group["apiVersion"] = "v1"
    return group
  }

  private static func group(_ name: String, _ definitions: [ResourceDefinition]) -> JSON {
    let versions = versions(definitions).map { version -> JSON in
      ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
    }
    return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
  }

  func resourceList(group: String, version: String) -> JSON? {
    let served = groups.first { $0.name == group }?.definitions.filter { $0.versions.contains(version) } ?? []
    if served.isEmpty { return nil }
    var resources: [JSON] = []
    for definition in served {
      var resource: JSON = [
        "name": .string(definition.name.plural), "singularName": .string(definition.singular),
        "namespaced": .bool(definition.isNamespaced), "kind": .string(definition.kind),
        "verbs": Self.verbs(of: definition),
      ]
      if !definition.shortNames.isEmpty { resource["shortNames"] = .array(definition.shortNames.map(JSON.string)) }
      if !definition.categories.isEmpty { resource["categories"] = .array(definition.categories.map(JSON.string)) }
      resources.append(resource)
      for subresource in definition.subresources.sorted(by: { $0.rawValue < $1.rawValue }) {
        let (group, version, kind) = Self.kind(of: subresource, definition)
        var entry: JSON = [
          "name": .string("\(definition.name.plural)/\(subresource.rawValue)"), "singularName": "",
          "namespaced": .bool(definition.isNamespaced), "kind": .string(kind), "verbs": Self.verbs(of: subresource),
        ]
        if group != definition.name.group {
          entry["group"] = .string(group)
          entry["version"] = .string(version)
        }
        resources.append(entry)
      }
    }
    return [
      "kind": "APIResourceList", "apiVersion": "v1",
      "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"), "resources": .array(resources),
    ]
  }

  // MARK: All at once

  static let aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

  func aggregated(isCore: Bool) -> JSON {
    let items = groups.filter { $0.name.isEmpty == isCore }.map { group -> JSON in
      let versions = Self.versions(group.definitions).map { version -> JSON in
        [
          "version": .string(version), "freshness": "Current",
          "resources": .array(
            group.definitions.filter { $0.versions.contains(version) }.map { Self.entry($0, version) }),
        ]
      }
      return [
        "metadata": ["name": .string(group.name), "creationTimestamp": .null], "versions": .array(versions),
      ]
    }
    return [
      "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
      "items": .array(items),
    ]
  }

  private static func entry(_ definition: ResourceDefinition, _ version: String) -> JSON {
    func kind(_ group: String, _ version: String, _ kind: String) -> JSON {
      ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }
    var entry: JSON = [
      "resource": .string(definition.name.plural),
      "responseKind": kind(definition.name.group, version, definition.kind),
      "scope": definition.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(definition.singular),
      "verbs": verbs(of: definition),
    ]
    if !definition.shortNames.isEmpty { entry["shortNames"] = .array(definition.shortNames.map(JSON.string)) }
    if !definition.categories.isEmpty { entry["categories"] = .array(definition.categories.map(JSON.string)) }
    if !definition.subresources.isEmpty {
      entry["subresources"] = .array(
        definition.subresources.sorted { $0.rawValue < $1.rawValue }.map { subresource in
          let (group, version, name) = Self.kind(of: subresource, definition)
          return [
            "subresource": .string(subresource.rawValue), "responseKind": kind(group, version, name),
            "verbs": verbs(of: subresource),
          ]
        })
    }
    return entry
  }
}
