import Documents

extension CustomResource {
  /// CustomResourceDefinitions themselves: served and established as soon as they are stored.
  static func definitionOfDefinitions(_ compiler: RuleCompiler) -> ResourceDefinition {
    var definition = ResourceDefinition(
      "apiextensions.k8s.io", "v1", "CustomResourceDefinition", plural: "customresourcedefinitions",
      shortNames: ["crd", "crds"], categories: ["api-extensions"], isNamespaced: false, subresources: [.status],
      hasGeneration: true)
    definition.allowsBlindUpdates = false
    definition.defaults = { object, _ in
      let kind = object[path: "spec", "names", "kind"]?.string ?? ""
      if object[path: "spec", "names", "singular"] == nil {
        object[path: "spec", "names", "singular"] = .string(kind.lowercased())
      }
      if object[path: "spec", "names", "listKind"] == nil {
        object[path: "spec", "names", "listKind"] = .string(kind + "List")
      }
      if object[path: "spec", "conversion"] == nil { object[path: "spec", "conversion"] = ["strategy": "None"] }
    }
    definition.initialStatus = { object in
      let time = object[path: "metadata", "creationTimestamp"] ?? .null
      let stored = (object[path: "spec", "versions"]?.array ?? []).filter { $0["storage"] == true }
      object["status"] = [
        "acceptedNames": object[path: "spec", "names"] ?? [:],
        "conditions": [
          [
            "type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found",
            "lastTransitionTime": time,
          ],
          [
            "type": "Established", "status": "True", "reason": "InitialNamesAccepted",
            "message": "the initial names have been accepted", "lastTransitionTime": time,
          ],
        ],
        "storedVersions": .array(stored.compactMap { $0["name"] }),
      ]
    }
    definition.validate = { object, old in problems(in: object, old: old, compiler) }
    return definition
  }

  private static func problems(in object: JSON, old: JSON?, _ compiler: RuleCompiler) -> [FieldProblem] {
    let spec = object["spec"] ?? .null
    var problems: [FieldProblem] = []
    let group = spec["group"]?.string ?? ""
    let plural = spec[path: "names", "plural"]?.string ?? ""
    let name = object[path: "metadata", "name"]?.string ?? ""
    if name != "\(plural).\(group)" {
      problems.append(.invalid("metadata.name", .string(name), "must be spec.names.plural+\".\"+spec.group"))
    }
    if group.isEmpty { problems.append(.required("spec.group")) }
    for field in ["plural", "kind"] where (spec[path: "names", field]?.string ?? "").isEmpty {
      problems.append(.required("spec.names.\(field)"))
    }
    let scope = spec["scope"]?.string ?? ""
    if !["Namespaced", "Cluster"].contains(scope) {
      problems.append(
        scope.isEmpty
          ? .required("spec.scope") : .unsupported("spec.scope", .string(scope), ["Cluster", "Namespaced"]))
    }
    let versions = spec["versions"]?.array ?? []
    if versions.filter({ $0["storage"] == true }).count != 1 {
      problems.append(
        .invalid("spec.versions", .array(versions), "must have exactly one version marked as storage version"))
    }
    for (index, version) in versions.enumerated() {
      let place = "spec.versions[\(index)].schema.openAPIV3Schema"
      guard let schema = version[path: "schema", "openAPIV3Schema"] else {
        problems.append(.required(place, "schemas are required"))
        continue
      }
      if schema["type"] != "object" {
        problems.append(
          schema["type"] == nil
            ? .required("\(place).type", "must not be empty at the root")
            : .invalid("\(place).type", schema["type"] ?? "", "must be object at the root"))
      }
      problems += compiler.compile(schema, place).problems
    }
    if let old, old[path: "spec", "scope"] != spec["scope"] {
      problems.append(.invalid("spec.scope", spec["scope"] ?? "", "field is immutable"))
    }
    return problems
  }
}
