import Documents

/// What a CustomResourceDefinition says of its resource.
///
/// Not done: webhook conversion. Objects of all served versions follow the schema of the preferred one.
package struct CustomResource: Sendable {
  struct Version: Sendable {
    var schema: JSON?
    var rules: (any ObjectRules)?
    var columns: [JSON]
  }

  static let resource = ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")

  let versions: [String: Version]

  /// Brings the served kinds in line with the CustomResourceDefinitions that are stored.
  ///
  /// - Returns: readers of kinds that are not served any more; the caller ends them when it does not hold the state.
  static func register(_ state: inout Store.State) -> [Watcher] {
    var ended: [Watcher] = []
    var found: [ResourceName: ResourceDefinition] = [:]
    for stored in state.tables[resource]?.objects.values.map(\.json) ?? [] {
      guard let definition = definition(from: stored, state.rules) else { continue }
      found[definition.name] = definition
    }
    for (name, definition) in found {
      state.definitions[name] = definition
      if state.tables[name] == nil { state.tables[name] = ResourceTable(definition) }
    }
    for (name, definition) in state.definitions where definition.custom != nil && found[name] == nil {
      state.definitions[name] = nil
      // Objects go with their definition.
      guard var table = state.tables.removeValue(forKey: name) else { continue }
      for object in table.objects.values {
        state.revision += 1
        table.remove(object, tombstone: object.restamped(state.revision), definition)
        guard let change = table.history.last else { continue }
        for watcher in table.watchers.concerned(by: change) { _ = watcher.tell(change) }
      }
      ended += table.watchers.all
    }
    return ended
  }

  static func definition(from object: JSON, _ compiler: RuleCompiler) -> ResourceDefinition? {
    let spec = object["spec"] ?? .null
    let names = spec["names"] ?? .null
    guard let group = spec["group"]?.string, let kind = names["kind"]?.string, let plural = names["plural"]?.string
    else {
      return nil
    }
    let served = (spec["versions"]?.array ?? []).filter { $0["served"] == true }
    let order = served.compactMap { $0["name"]?.string }.sorted(by: precedes)
    guard let preferred = order.first else { return nil }
    var versions: [String: Version] = [:]
    for version in served {
      let schema = version[path: "schema", "openAPIV3Schema"]
      versions[version["name"]?.string ?? ""] = Version(
        schema: schema, rules: schema.flatMap { compiler.compile($0, "").rules },
        columns: version["additionalPrinterColumns"]?.array ?? [])
    }
    let hasStatus = served.contains { $0[path: "subresources", "status"] != nil }
    var definition = ResourceDefinition(
      group, preferred, kind, plural: plural, singular: names["singular"]?.string,
      shortNames: (names["shortNames"]?.array ?? []).compactMap(\.string),
      categories: (names["categories"]?.array ?? []).compactMap(\.string),
      isNamespaced: spec["scope"] == "Namespaced", subresources: hasStatus ? [.status] : [], hasGeneration: true)
    definition.versions = order
    let fields = served.first { $0["name"]?.string == preferred }?["selectableFields"]?.array ?? []
    definition.selectableFields = fields.compactMap { $0["jsonPath"]?.string.map { String($0.dropFirst()) } }
    definition.custom = CustomResource(versions: versions)
    return definition
  }

  /// `v2`, `v1`, `v1beta2`, `v1alpha1`, then others by name.
  private static func precedes(_ a: String, _ b: String) -> Bool {
    func rank(_ version: String) -> (Int, Int, Int)? {
      guard let match = version.wholeMatch(of: /v([0-9]+)(?:(alpha|beta)([0-9]+))?/), let major = Int(match.1) else {
        return nil
      }
      let stability = match.2 == nil ? 2 : match.2 == "beta" ? 1 : 0
      return (stability, major, match.3.flatMap { Int($0) } ?? 0)
    }
    switch (rank(a), rank(b)) {
    case (.some(let first), .some(let second)): return first > second
    case (.some, nil): return true
    case (nil, .some): return false
    case (nil, nil): return a < b
    }
  }

  func schema(_ version: String) -> JSON? { versions[version]?.schema }

  /// Prunes, fills in defaults, and checks; throws 422.
  ///
  /// - Parameter old: the object that this one replaces.
  func admit(_ object: inout JSON, _ definition: ResourceDefinition, old: JSON? = nil) throws(StatusError) {
    let version = definition.versions.first ?? ""
    guard let schema = schema(version) else { return }
    let metadata = object["metadata"]
    object = StructuralSchema.pruned(object, schema, isRoot: true)
    object = StructuralSchema.defaulted(object, schema)
    object["metadata"] = metadata
    var problems = StructuralSchema.problems(in: object, schema, at: "", isRoot: true)
    if let rules = versions[version]?.rules {
      problems += problems.contains(where: Self.blocksRules) ? [Self.unchecked] : rules.problems(in: object, old: old)
    }
    guard problems.isEmpty else {
      throw .invalid(
        definition.name, kind: definition.kind, name: metadata?["name"]?.string ?? "", problems)
    }
  }

  /// Whether an object is so wrong that rules about it make no sense.
  private static func blocksRules(_ problem: FieldProblem) -> Bool {
    ["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"]
      .contains(problem.reason)
  }

  private static let unchecked = FieldProblem.invalid(
    "<nil>", .null,
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
      + "validation")

  /// Members that the schema does not know.
  func unknownFields(_ object: JSON, version: String) -> [String] {
    schema(version).map { StructuralSchema.unknown(object, $0, at: "", isRoot: true) } ?? []
  }

  func columns(_ version: String) -> [ObjectTable.Column] {
    let columns = versions[version]?.columns ?? []
    if columns.isEmpty { return [ObjectTable.age] }
    return columns.map { column in
      let path = JSONPath(column["jsonPath"]?.string ?? "")
      let type = column["type"]?.string ?? "string"
      return ObjectTable.Column(
        column["name"]?.string ?? "", type: type, format: column["format"]?.string ?? "",
        priority: Int(column["priority"]?.integer ?? 0)
      ) { object, now in
        let values = path.values(in: object)
        guard let first = values.first else { return .null }
        switch type {
        case "date": return .string(HumanTime.age(first, now))
        case "string":
          return .string(values.map { $0.string ?? $0.text }.joined(separator: ","))
        default: return first
        }
      }
    }
  }

  func openAPISchema(_ version: String) -> JSON? { schema(version) }
}
