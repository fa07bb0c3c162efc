import Documents
import Hummingbird

extension APIServer {
  /// A PATCH with an apply configuration: makes the object or merges into it.
  func apply(_ call: APICall) throws -> Response {
    guard let name = call.name else { throw StatusError.methodNotAllowed() }
    guard let fieldManager = call.query["fieldManager"], !fieldManager.isEmpty else {
      throw StatusError.invalid(
        ResourceName(group: "meta.k8s.io", plural: "patchoptions"), kind: "PatchOptions", name: "",
        [.required("fieldManager", "is required for apply patch")])
    }
    let parsed = try AppliedYAML.read(call.body)
    if parsed["apiVersion"]?.string == nil || parsed["kind"]?.string == nil {
      throw StatusError.badRequest("invalid object type: apiVersion and kind have to be set")
    }
    if parsed[path: "metadata", "managedFields"]?.array?.isEmpty == false {
      throw StatusError.badRequest("metadata.managedFields must be nil")
    }
    try TypedObject.check(parsed, call.definition, call.version)
    let warnings = try duplicates(call)
    let applied = try checked(parsed, call).object
    let apply = ServerSideApply(
      manager: ManagedFields.Manager(
        name: fieldManager, operation: "Apply", apiVersion: call.definition.apiVersion(call.version),
        subresource: call.subresource ?? ""),
      isForced: call.query.flag("force"), rules: MergeRules(call.definition, version: call.version),
      reset: call.definition.resetFields(call.subresource))
    let version = applied[path: "metadata", "resourceVersion"]?.string ?? ""
    while true {
      if store.stored(call.resource, ObjectKey(call.namespace, name)) == nil {
        if call.subresource != nil { throw StatusError.notFound(call.resource, name) }
        if !version.isEmpty { throw StatusError.modified(call.resource, name) }
        let object = try apply.apply(applied, to: nil, time: store.timestamp)
        let result = Result { () throws(StatusError) in
          try store.create(
            object, as: call.resource, dryRun: call.query.isDryRun, review: policies(for: call, "CREATE"))
        }
        // Somebody else made it meanwhile: merge into theirs.
        if case .failure(let error) = result, error.reason == "AlreadyExists" { continue }
        let created = try result.get()
        return reply(201, created, call, warnings: warnings + store.warnings(about: created, call.definition))
      }
      let result = Result {
        try store.modify(
          call.resource, namespace: call.namespace, name: name,
          subresource: call.subresource.flatMap(Subresource.init), dryRun: call.query.isDryRun,
          review: policies(for: call, "UPDATE")
        ) { object in
          if !version.isEmpty, .string(version) != object[path: "metadata", "resourceVersion"] {
            throw StatusError.modified(call.resource, name)
          }
          object = try apply.apply(applied, to: object, time: store.timestamp)
        }
      }
      if case .failure(let error as StatusError) = result, error.reason == "NotFound", call.subresource == nil {
        continue
      }
      let merged = try result.get()
      return reply(200, merged, call, warnings: warnings + store.warnings(about: merged, call.definition))
    }
  }

  /// Keys that are there twice, in the words of the reader of YAML.
  private func duplicates(_ call: APICall) throws(StatusError) -> [String] {
    let validation = try FieldValidation(call)
    let paths = validation == .ignore ? [] : DuplicateFields.paths(in: call.body)
    if paths.isEmpty { return [] }
    let texts = paths.map { path in
      "  line 1: key \"\(path.split(separator: ".").last ?? "")\" already set in map"
    }
    let text = "error converting YAML to JSON: yaml: unmarshal errors:\n" + texts.joined(separator: "\n")
    if validation == .strict { throw .badRequest("error strict decoding YAML: \(text)") }
    return [text.replacing("\n", with: " ")]
  }
}
