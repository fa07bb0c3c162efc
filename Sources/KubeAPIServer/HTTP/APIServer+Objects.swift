import Documents
import HTTPTypes
import Hummingbird
import NIOCore

extension APIServer {
  /// Everything but watches.
  func perform(_ call: APICall) throws -> Response {
    if APIDiscovery.isReview(call.definition) { return try review(call) }
    if let subresource = call.subresource {
      guard let known = Subresource(rawValue: subresource), call.definition.subresources.contains(known) else {
        throw StatusError.unknownPath
      }
      if let response = try perform(call, on: known) { return response }
    }
    switch call.verb {
    case .get:
      let name = call.name ?? ""
      guard let stored = store.stored(call.resource, ObjectKey(call.namespace, name)) else {
        throw StatusError.notFound(call.resource, name)
      }
      return reply(200, stored.json, call, written: stored)
    case .list: return try list(call)
    case .create: return try create(call)
    case .update: return try update(call)
    case .patch: return try patch(call)
    case .delete: return try delete(call)
    case .deletecollection: return try deleteCollection(call)
    case .watch: throw StatusError.methodNotAllowed()
    }
  }

  /// The object in the form and version that was asked for.
  ///
  /// - Parameter written: the same object as its watchers get it, so that it is encoded once for all; looked for when
  ///   nil.
  func reply(
    _ status: Int, _ object: JSON, _ call: APICall, written: StoredObject? = nil, warnings: [String] = []
  ) -> Response {
    var object = object
    if call.form == .object, let stored = written ?? stored(object, call) {
      var bytes: [UInt8] = []
      stored.write(to: &bytes, kind: call.definition.kind, apiVersion: call.definition.apiVersion(call.version))
      return Self.response(status, "application/json", bytes, warnings: warnings)
    }
    if call.definition.custom != nil { object["apiVersion"] = .string(call.definition.apiVersion(call.version)) }
    switch call.form {
    case .object: return Self.response(status, object, warnings: warnings)
    case .table:
      var table = ObjectTable(call.definition, version: call.version, include: call.query["includeObject"])
      table.version = object[path: "metadata", "resourceVersion"]?.string ?? ""
      return Self.response(status, table.json(of: [object], now: store.now()), warnings: warnings)
    case .partial: return Self.response(status, ObjectTable.partial(object), warnings: warnings)
    }
  }

  /// The stored object, when it is the one that is to be answered with.
  private func stored(_ object: JSON, _ call: APICall) -> StoredObject? {
    guard !call.query.isDryRun, let stored = store.stored(call.resource, ObjectName(object).key),
      object[path: "metadata", "resourceVersion"]?.string == String(stored.revision)
    else { return nil }
    return stored
  }

  private func create(_ call: APICall) throws -> Response {
    guard call.name == nil else { throw StatusError.methodNotAllowed() }
    let (sent, warnings) = try checked(call.object(), call)
    var object = sent
    if object[path: "metadata", "resourceVersion"]?.string?.isEmpty == false {
      throw StatusError.badRequest("resourceVersion should not be set on objects to be created")
    }
    object = ManagedFields.written(object, over: nil, by: call, at: store.timestamp)
    let created = try store.create(
      object, as: call.resource, dryRun: call.query.isDryRun, review: policies(for: call, "CREATE"))
    return reply(201, created, call, warnings: warnings + store.warnings(about: created, call.definition))
  }

  /// The body's object, if it fits the address, without fields that its kind does not have.
  ///
  /// - Returns: what the client is to be warned of, too.
  func checked(_ object: JSON, _ call: APICall) throws(StatusError) -> (object: JSON, warnings: [String]) {
    var object = object
    if call.body.count > Self.objectLimit {
      throw StatusError(500, "InternalError", "etcdserver: request is too large")
    }
    let expected = call.definition.apiVersion(call.version)
    if let version = object["apiVersion"]?.string, version != expected {
      throw StatusError.badRequest(
        "the API version in the data (\(version)) does not match the expected API version (\(expected))")
    }
    if let kind = object["kind"]?.string, kind != call.definition.kind {
      throw StatusError.badRequest(
        "\(call.definition.kind) in version \"\(call.version)\" cannot be handled as a \(kind)")
    }
    let isWhole = call.verb != .patch
    let warnings = try checkFields(&object, call, text: isWhole ? call.body : nil)
    // Stored in the preferred version.
    object["apiVersion"] = .string(call.definition.apiVersion)
    object["kind"] = .string(call.definition.kind)
    if let namespace = call.namespace {
      let own = object[path: "metadata", "namespace"]?.string ?? ""
      guard own.isEmpty || own == namespace else {
        throw StatusError.badRequest(
          "the namespace of the provided object does not match the namespace sent on the request")
      }
      object[path: "metadata", "namespace"] = .string(namespace)
    }
    if let name = call.name {
      let own = object[path: "metadata", "name"]?.string ?? ""
      guard own.isEmpty || own == name else {
        throw StatusError.badRequest(
          "the name of the object (\(own)) does not match the name on the URL (\(name))")
      }
      object[path: "metadata", "name"] = .string(name)
    }
    return (object, warnings)
  }

  private func update(_ call: APICall) throws -> Response {
    let (body, warnings) = try checked(call.object(), call)
    let name = call.name ?? ""
    let updated = try store.modify(
      call.resource, namespace: call.namespace, name: name, subresource: call.subresource.flatMap(Subresource.init),
      dryRun: call.query.isDryRun, review: policies(for: call, "UPDATE")
    ) { object in
      let version = body[path: "metadata", "resourceVersion"]?.string ?? ""
      if version.isEmpty, call.definition.custom != nil || !call.definition.allowsBlindUpdates {
        throw StatusError.invalid(call.resource, kind: call.definition.kind, name: name, [.noVersion])
      }
      if !version.isEmpty, .string(version) != object[path: "metadata", "resourceVersion"] {
        throw StatusError.modified(call.resource, name)
      }
      object = ManagedFields.written(body, over: object, by: call, at: store.timestamp)
    }
    return reply(200, updated, call, warnings: warnings + store.warnings(about: updated, call.definition))
  }

  private func list(_ call: APICall) throws -> Response {
    let limit = call.query["limit"].flatMap { Int($0) } ?? 0
    let page = try store.page(
      call.resource, namespace: call.namespace, call.filter(), limit: limit, token: call.query["continue"] ?? "")
    if call.form != .object {
      let table = ObjectTable(call.definition, version: call.version, include: call.query["includeObject"])
      let json =
        call.form == .table
        ? table.json(of: page.objects.map { versioned($0.json, call) }, page: page, now: store.now())
        : ObjectTable.partialList(page.objects.map(\.json), page: page)
      return Self.response(200, json)
    }
    var output = Array(
      "{\"kind\":\"\(call.definition.kind)List\",\"apiVersion\":\"\(call.definition.apiVersion(call.version))\",".utf8)
    output.append(contentsOf: "\"metadata\":".utf8)
    page.metadata.write(to: &output)
    output.append(contentsOf: ",\"items\":[".utf8)
    for (index, object) in page.objects.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      if call.definition.custom != nil {
        object.write(
          to: &output, kind: call.definition.kind, apiVersion: call.definition.apiVersion(call.version))
      } else {
        output.append(contentsOf: object.bareBytes)
      }
    }
    output.append(contentsOf: "]}".utf8)
    return Self.response(200, "application/json", output)
  }

  func versioned(_ object: JSON, _ call: APICall) -> JSON {
    guard call.definition.custom != nil else { return object }
    var object = object
    object["apiVersion"] = .string(call.definition.apiVersion(call.version))
    return object
  }

  private func deleteOptions(_ call: APICall) throws -> DeleteOptions {
    var options = DeleteOptions()
    if !call.body.isEmpty { options = try DeleteOptions(call.object()) }
    if let policy = call.query["propagationPolicy"] {
      options.propagation = DeleteOptions.Propagation(rawValue: policy)
    }
    if let seconds = call.query["gracePeriodSeconds"].flatMap({ Int($0) }) { options.gracePeriod = seconds }
    if call.query.isDryRun { options.dryRun = true }
    return options
  }

  private func delete(_ call: APICall) throws -> Response {
    let name = call.name ?? ""
    let deletion = try store.delete(
      call.resource, namespace: call.namespace, name: name, options: deleteOptions(call),
      review: policies(for: call, "DELETE"))
    if !deletion.isGone || ["pods", "serviceaccounts"].contains(call.resource.plural) {
      return reply(200, deletion.object, call, written: deletion.written)
    }
    var details: JSON = ["name": .string(name), "kind": .string(call.resource.plural)]
    if !call.resource.group.isEmpty { details["group"] = .string(call.resource.group) }
    details["uid"] = deletion.object[path: "metadata", "uid"]
    return Self.response(
      200, ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details])
  }

  private func deleteCollection(_ call: APICall) throws -> Response {
    let (options, review) = (try deleteOptions(call), policies(for: call, "DELETE"))
    let (objects, revision) = store.select(call.resource, namespace: call.namespace, try call.filter())
    var deleted: [JSON] = []
    for object in objects {
      let result = Result { () throws(StatusError) in
        try store.delete(
          call.resource, namespace: object.key.namespace, name: object.key.name, options: options, review: review)
      }
      // Somebody else may have been faster.
      if case .failure(let error) = result, error.code == 404 { continue }
      deleted.append(try result.get().object)
    }
    return Self.response(
      200,
      [
        "kind": .string(call.definition.kind + "List"), "apiVersion": .string(call.definition.apiVersion(call.version)),
        "metadata": ["resourceVersion": .string(String(revision))], "items": .array(deleted),
      ])
  }
}
