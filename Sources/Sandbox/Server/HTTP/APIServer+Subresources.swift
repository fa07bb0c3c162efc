import Documents
import Hummingbird

extension APIServer {
  /// What is particular to a subresource; nil where the usual verbs apply.
  func perform(_ call: APICall, on subresource: Subresource) throws -> Response? {
    let name = call.name ?? ""
    switch (subresource, call.verb) {
    case (.status, .get), (.status, .update), (.status, .patch), (.finalize, .update): return nil
    case (.binding, .create):
      let node = try call.object()[path: "target", "name"]?.string ?? ""
      try store.modify(call.resource, namespace: call.namespace, name: name, subresource: .binding) { pod in
        if let bound = pod[path: "spec", "nodeName"]?.string, !bound.isEmpty {
          throw StatusError.conflict(call.resource, name, "pod \(name) is already assigned to node \"\(bound)\"")
        }
        pod[path: "spec", "nodeName"] = .string(node)
        var conditions = pod[path: "status", "conditions"]?.array ?? []
        conditions.removeAll { $0["type"] == "PodScheduled" }
        conditions.append([
          "type": "PodScheduled", "status": "True", "lastProbeTime": .null,
          "lastTransitionTime": .string(store.timestamp),
        ])
        pod[path: "status", "conditions"] = .array(conditions)
      }
      return Self.success
    case (.eviction, .create):
      let options = try DeleteOptions(call.object()["deleteOptions"] ?? [:])
      try store.delete(call.resource, namespace: call.namespace, name: name, options: options)
      return Self.success
    case (.log, .get):
      guard store.get(call.resource, namespace: call.namespace, name: name) != nil else {
        throw StatusError.notFound(call.resource, name)
      }
      return Self.response(200, "text/plain", [])
    case (.token, .create): return try makeToken(call)
    default: throw StatusError.methodNotAllowed()
    }
  }

  private static var success: Response {
    response(201, ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201])
  }

  /// Events under their newer address.
  func performOnNewEvents(_ call: APICall) throws -> Response {
    let events = ResourceName(plural: "events")
    guard let definition = store.definition(events) else { throw StatusError.unknownPath }
    switch call.verb {
    case .get:
      guard let event = store.get(events, namespace: call.namespace, name: call.name ?? "") else {
        throw StatusError.notFound(call.resource, call.name ?? "")
      }
      return Self.response(200, EventConversion.toNew(event))
    case .list:
      let found = store.list(events, namespace: call.namespace)
      return Self.response(
        200,
        [
          "kind": "EventList", "apiVersion": "events.k8s.io/v1",
          "metadata": ["resourceVersion": .string(String(found.resourceVersion))],
          "items": .array(found.items.map(EventConversion.toNew)),
        ])
    case .create:
      let event = EventConversion.toOld(try checked(call.object(), call))
      return Self.response(201, EventConversion.toNew(try store.create(event, as: events)))
    case .delete:
      var old = call
      old.definition = definition
      old.version = "v1"
      return try perform(old)
    default: throw StatusError.methodNotAllowed()
    }
  }
}
