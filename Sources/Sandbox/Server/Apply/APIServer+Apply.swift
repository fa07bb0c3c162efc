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
    let parsed: JSON
    do { parsed = try JSON(parsing: call.body) } catch {
      throw StatusError.badRequest("error decoding YAML: the sandbox reads apply configurations in JSON only: \(error)")
    }
    if parsed["apiVersion"]?.string == nil || parsed["kind"]?.string == nil {
      throw StatusError.badRequest("invalid object type: apiVersion and kind have to be set")
    }
    if parsed[path: "metadata", "managedFields"]?.array?.isEmpty == false {
      throw StatusError.badRequest("metadata.managedFields must be nil")
    }
    let applied = try checked(parsed, call)
    let apply = ServerSideApply(
      manager: ManagedFields.Manager(
        name: fieldManager, operation: "Apply", apiVersion: call.definition.apiVersion(call.version),
        subresource: call.subresource ?? ""),
      isForced: call.query.flag("force"), rules: MergeRules(call.definition, version: call.version))
    let version = applied[path: "metadata", "resourceVersion"]?.string ?? ""
    while true {
      if store.stored(call.resource, ObjectKey(call.namespace, name)) == nil {
        if call.subresource != nil { throw StatusError.notFound(call.resource, name) }
        if !version.isEmpty { throw StatusError.modified(call.resource, name) }
        let object = try apply.apply(applied, to: nil, time: store.timestamp)
        let result = Result { () throws(StatusError) in
          try store.create(object, as: call.resource, dryRun: call.query.isDryRun)
        }
        // Somebody else made it meanwhile: merge into theirs.
        if case .failure(let error) = result, error.reason == "AlreadyExists" { continue }
        let created = try result.get()
        return reply(201, created, call, warnings: store.warnings(about: created, call.definition))
      }
      let result = Result {
        try store.modify(
          call.resource, namespace: call.namespace, name: name,
          subresource: call.subresource.flatMap(Subresource.init), dryRun: call.query.isDryRun
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
      return reply(200, merged, call, warnings: store.warnings(about: merged, call.definition))
    }
  }
}
