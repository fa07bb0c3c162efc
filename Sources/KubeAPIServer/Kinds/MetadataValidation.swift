import Documents

/// The rules of `metadata` of every object.
enum MetadataValidation {
  static func problems(_ metadata: JSON, _ definition: ResourceDefinition) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    if let name = metadata["name"]?.string, !name.isEmpty {
      if let problem = definition.nameRule(name) {
        problems.append(.invalid("metadata.name", .string(name), problem))
      }
    } else {
      problems.append(.required("metadata.name", "name or generateName is required"))
    }
    problems += labels(metadata, at: "metadata.labels")
    var total = 0
    for (key, value) in metadata["annotations"]?.object ?? [:] {
      if let problem = NameRules.labelKeyProblem(key.lowercased()) {
        problems.append(.invalid("metadata.annotations", .string(key), problem))
      }
      total += key.utf8.count + (value.string?.utf8.count ?? 0)
    }
    if total > 256 << 10 { problems.append(.tooLong("metadata.annotations", 256 << 10)) }
    for (index, owner) in (metadata["ownerReferences"]?.array ?? []).enumerated() {
      for field in ["apiVersion", "kind", "name", "uid"] where (owner[field]?.string ?? "").isEmpty {
        problems.append(
          .invalid(
            "metadata.ownerReferences[\(index)].\(field)", "",
            field == "uid" ? "uid must not be empty" : "\(field) must not be empty"))
      }
    }
    let controllers = (metadata["ownerReferences"]?.array ?? []).filter { $0["controller"] == true }
    if controllers.count > 1 {
      let names = controllers.prefix(2).map { $0["name"]?.string ?? "" }
      problems.append(
        .invalid(
          "metadata.ownerReferences", metadata["ownerReferences"] ?? [],
          "Only one reference can have Controller set to true. Found \"true\" in references for \(names[0]) and "
            + names[1]))
    }
    let standard = ["foregroundDeletion", "orphan", "kubernetes"]
    for finalizer in (metadata["finalizers"]?.array ?? []).compactMap(\.string) {
      if let problem = NameRules.labelKeyProblem(finalizer) {
        problems.append(.invalid("metadata.finalizers", .string(finalizer), problem))
      } else if !finalizer.contains("/"), !standard.contains(finalizer) {
        problems.append(
          .invalid(
            "metadata.finalizers", .string(finalizer),
            "name is neither a standard finalizer name nor is it fully qualified"))
      }
    }
    return problems
  }

  static func labels(_ metadata: JSON, at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    for (key, value) in metadata["labels"]?.object ?? [:] {
      if let problem = NameRules.labelKeyProblem(key) { problems.append(.invalid(path, .string(key), problem)) }
      if let problem = NameRules.labelValueProblem(value.string ?? "") {
        problems.append(.invalid(path, value, problem))
      }
    }
    return problems
  }
}
