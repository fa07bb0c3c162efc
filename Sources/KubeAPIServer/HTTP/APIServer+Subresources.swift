import Documents
import Hummingbird

extension APIServer {
  /// What is particular to a subresource; nil where the usual verbs apply.
  func perform(_ call: APICall, on subresource: Subresource) throws -> Response? {
    let name = call.name ?? ""
    switch (subresource, call.verb) {
    case (.status, .get), (.status, .update), (.status, .patch), (.finalize, .update): return nil
    case (.eviction, .create):
      let options = try DeleteOptions(call.object()["deleteOptions"] ?? [:])
      try store.delete(
        call.resource, namespace: call.namespace, name: name, options: options,
        review: policies(for: call, "CREATE"))
      return Self.success
    case (.log, .get):
      guard let pod = store.get(call.resource, namespace: call.namespace, name: name) else {
        throw StatusError.notFound(call.resource, name)
      }
      return Self.response(200, "text/plain", Array(log(of: pod, call.query).utf8))
    case (.scale, .get), (.scale, .update), (.scale, .patch): return try scale(call)
    case (.token, .create): return try makeToken(call)
    default: throw StatusError.methodNotAllowed()
    }
  }

  private static var success: Response {
    response(201, ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201])
  }

  private func log(of pod: JSON, _ query: QueryParameters) -> String {
    let first = pod[path: "spec", "containers"]?.array?.first?["name"]?.string
    let text = options.logs(pod.uid, query["container"] ?? first ?? "") ?? ""
    guard let count = query["tailLines"].flatMap({ Int($0) }), count >= 0 else { return text }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.suffix(text.hasSuffix("\n") ? count + 1 : count).joined(separator: "\n")
  }

  /// The number of replicas, apart from the rest: `kubectl scale`.
  private func scale(_ call: APICall) throws -> Response {
    let name = call.name ?? ""
    guard var object = store.get(call.resource, namespace: call.namespace, name: name) else {
      throw StatusError.notFound(call.resource, name)
    }
    func document(_ object: JSON) -> JSON {
      var metadata: JSON = [:]
      for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata[field] = object[path: "metadata", field]
      }
      return [
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": ["replicas": object[path: "spec", "replicas"] ?? 1],
        "status": [
          "replicas": object[path: "status", "replicas"] ?? 0,
          "selector": selector(object),
        ],
      ]
    }
    func selector(_ object: JSON) -> JSON {
      let labels = object[path: "spec", "selector", "matchLabels"]?.object ?? [:]
      return .string(labels.map { "\($0.key)=\($0.value.string ?? "")" }.sorted().joined(separator: ","))
    }
    if call.verb != .get {
      let wanted: JSON
      if call.verb == .patch {
        let patch: JSON
        do { patch = try JSON(parsing: call.body) } catch { throw StatusError.badRequest("\(error)") }
        wanted =
          call.contentType.hasPrefix("application/json-patch")
          ? try JSONPatch.apply(patch, to: document(object)) : document(object).merging(patch: patch)
      } else {
        wanted = try call.object()
      }
      object = try store.modify(
        call.resource, namespace: call.namespace, name: name, dryRun: call.query.isDryRun,
        review: policies(for: call, "UPDATE")
      ) { stored in
        let version = wanted[path: "metadata", "resourceVersion"]?.string ?? ""
        if call.verb == .update, !version.isEmpty, .string(version) != stored[path: "metadata", "resourceVersion"] {
          throw StatusError.modified(call.resource, name)
        }
        stored[path: "spec", "replicas"] = wanted[path: "spec", "replicas"] ?? 0
      }
    }
    return Self.response(200, document(object))
  }
}
