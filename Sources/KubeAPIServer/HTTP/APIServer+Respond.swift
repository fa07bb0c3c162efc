import Documents
import HTTPTypes
import Hummingbird
import NIOCore

extension APIServer {
  /// A request's answer; errors become `Status` objects. The header `Date` is Hummingbird's doing.
  func respond(to request: Request, on channel: any Channel) async -> Response {
    do {
      return try await answer(request, on: channel)
    } catch let error as StatusError {
      return Self.response(error)
    } catch is NIOTooManyBytesError {
      return Self.response(
        StatusError(413, "RequestEntityTooLarge", "Request entity too large: limit is \(Self.bodyLimit)"))
    } catch {
      return Self.response(StatusError(500, "InternalError", "Internal error occurred: \(error)"))
    }
  }

  static let bodyLimit = 3 << 20
  /// What etcd takes.
  static let objectLimit = 3 << 19

  private func answer(_ request: Request, on channel: any Channel) async throws -> Response {
    let path = request.uri.path
    if ["/healthz", "/readyz", "/livez"].contains(where: { path == $0 || path.hasPrefix($0 + "/") }) {
      return Self.response(200, "text/plain; charset=utf-8", Array("ok".utf8))
    }
    let certificate = await connections.user(of: channel)
    let user = try authenticator.user(of: request, certificate: certificate) { attempt throws(StatusError) in
      try require(attempt)
    }
    if let delay = faults.currentDelay { try await Task.sleep(for: delay) }
    if let document = try discovery(path, accept: request.headers[.accept] ?? "") { return document }
    guard var call = call(request, path, user) else {
      try checkUnserved(request, path, user)
      throw StatusError.unknownPath
    }
    let verb =
      call.verb == .patch && call.contentType.hasPrefix("application/apply-patch") ? "apply" : call.verb.rawValue
    let key = RequestKey(
      verb: verb, resource: call.resource.description, subresource: call.subresource,
      client: String(call.userAgent.prefix { $0 != "/" && $0 != " " }))
    faults.count(key)
    if let failure = faults.failure(of: key) { throw failure }
    try require(call.attempt)
    if call.verb == .watch { return try watch(call, on: channel) }
    call.body = Array(buffer: try await request.body.collect(upTo: Self.bodyLimit))
    if !store.policies.isEmpty {
      let object = (try? JSON(parsing: call.body)) ?? .null
      if let refusal = store.policies.refusal(of: key, call.resource, name: call.name, object) { throw refusal }
    }
    return try perform(call)
  }

  /// What a request asks for; nil for no resource that is served.
  private func call(_ request: Request, _ path: String, _ user: ServerUser) -> APICall? {
    guard let path = RequestPath(path), !path.plural.isEmpty,
      let definition = served(ResourceName(group: path.group, plural: path.plural)),
      definition.versions.contains(path.version)
    else { return nil }
    if definition.isNamespaced, path.namespace == nil, path.name != nil { return nil }
    let query = QueryParameters(request.uri.query ?? "")
    let verb: APICall.Verb
    switch request.method {
    case .get, .head:
      verb = path.name != nil && !query.flag("watch") ? .get : query.flag("watch") ? .watch : .list
    case .post: verb = .create
    case .put: verb = .update
    case .patch: verb = .patch
    case .delete: verb = path.name == nil ? .deletecollection : .delete
    default: return nil
    }
    return APICall(
      verb: verb, definition: definition, version: path.version, namespace: path.namespace, name: path.name,
      subresource: path.subresource, query: query, accept: request.headers[.accept] ?? "",
      contentType: request.headers[.contentType] ?? "application/json", user: user,
      userAgent: request.headers[.userAgent] ?? "")
  }

  /// Who has no right to a kind is refused, whether there is such a kind or not.
  private func checkUnserved(_ request: Request, _ path: String, _ user: ServerUser) throws(StatusError) {
    guard let path = RequestPath(path), !path.plural.isEmpty else { return }
    let verbs: [HTTPRequest.Method: String] = [.post: "create", .put: "update", .patch: "patch", .delete: "delete"]
    try require(
      AccessAttempt(
        user: user, verb: verbs[request.method] ?? (path.name == nil ? "list" : "get"), group: path.group,
        plural: path.plural, subresource: path.subresource, namespace: path.namespace, name: path.name))
  }

  private func served(_ resource: ResourceName) -> ResourceDefinition? {
    store.definition(resource) ?? APIDiscovery.reviews.first { $0.name == resource }
  }

  private func discovery(_ path: String, accept: String) throws -> Response? {
    let isAggregated = accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2;")
    let parts = path.split(separator: "/")
    guard parts.count <= 3 || parts.first == "openapi" else { return nil }
    let discovery = APIDiscovery(definitions: store.definitions)
    switch (parts.first, parts.count) {
    case ("version", 1): return Self.response(200, APIDiscovery.version(minor: options.minorVersion))
    case ("api", 1), ("apis", 1):
      if isAggregated {
        return Self.response(
          200, APIDiscovery.aggregatedType, discovery.aggregated(isCore: parts.first == "api").bytes())
      }
      return Self.response(200, parts.first == "api" ? APIDiscovery.coreVersions : discovery.groupList)
    case ("apis", 2):
      guard let group = discovery.group(String(parts[1])) else { throw StatusError.unknownPath }
      return Self.response(200, group)
    case ("api", 2), ("apis", 3):
      let group = parts.count == 3 ? String(parts[1]) : ""
      guard let list = discovery.resourceList(group: group, version: String(parts[parts.count - 1])) else {
        throw StatusError.unknownPath
      }
      return Self.response(200, list)
    case ("openapi", _): return try openAPI(parts.map(String.init), discovery)
    default: return nil
    }
  }

  static func response(_ status: Int, _ json: JSON, warnings: [String] = []) -> Response {
    response(status, "application/json", json.bytes(), warnings: warnings)
  }

  static func response(_ error: StatusError) -> Response {
    var response = response(error.code, error.status)
    if let seconds = error.details?["retryAfterSeconds"]?.integer {
      response.headers[.retryAfter] = String(seconds)
    }
    return response
  }

  static func response(_ status: Int, _ type: String, _ body: [UInt8], warnings: [String] = []) -> Response {
    var headers: HTTPFields = [
      .contentType: type, .contentLength: String(body.count), .cacheControl: "no-cache, private",
    ]
    if let name = HTTPField.Name("Warning") {
      for warning in warnings {
        let text = warning.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        headers.append(HTTPField(name: name, value: "299 - \"\(text)\""))
      }
    }
    return Response(status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}
