import Documents
import Hummingbird

extension APIServer {
  func patch(_ call: APICall) throws -> Response {
    let type = call.contentType.split(separator: ";").first.map { $0.trimmingSpaces } ?? ""
    if type.hasPrefix("application/apply-patch") { return try apply(call) }
    let patch: JSON
    do { patch = try JSON(parsing: call.body) } catch { throw StatusError.badRequest("\(error)") }
    let name = call.name ?? ""
    let change: (JSON) throws -> JSON
    switch type {
    case "application/json-patch+json": change = { try JSONPatch.apply(patch, to: $0) }
    case "application/merge-patch+json": change = { $0.merging(patch: patch) }
    case "application/strategic-merge-patch+json" where call.definition.custom == nil:
      change = { try StrategicMerge.apply(patch, to: $0) }
    default:
      throw StatusError(
        415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
          + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
          + (call.definition.custom == nil ? ", application/strategic-merge-patch+json" : ""))
    }
    var warnings: [String] = []
    let patched = try store.modify(
      call.resource, namespace: call.namespace, name: name, subresource: call.subresource.flatMap(Subresource.init),
      dryRun: call.query.isDryRun, review: policies(for: call, "UPDATE")
    ) { object in
      let new = try change(versioned(object, call))
      let version = new[path: "metadata", "resourceVersion"]?.string ?? ""
      if !version.isEmpty, .string(version) != object[path: "metadata", "resourceVersion"] {
        throw StatusError.modified(call.resource, name)
      }
      let (patched, own) = try checked(new, call)
      warnings = own
      object = ManagedFields.written(patched, over: object, by: call, at: store.timestamp)
    }
    return reply(200, patched, call, warnings: warnings + store.warnings(about: patched, call.definition))
  }
}
