import Documents

/// A request on a resource, understood.
struct APICall: Sendable {
  var verb: Verb
  var definition: ResourceDefinition
  /// Of the address; the stored one may differ.
  var version: String
  var namespace: String?
  var name: String?
  var subresource: String?
  var query: QueryParameters
  var accept: String
  var contentType: String
  var body: [UInt8] = []
  var user: ServerUser
  var userAgent: String

  enum Verb: String, Sendable {
    case get, list, watch, create, update, patch, delete, deletecollection
  }

  var resource: ResourceName { definition.name }

  /// What it takes to be allowed.
  var attempt: AccessAttempt {
    // A selector for one name asks for no more than that object.
    let chosen =
      name
      ?? (try? FieldQuery(parsing: query["fieldSelector"] ?? "", for: definition))?
      .value(of: ["metadata", "name"])
    let isNamespace = resource == .namespaces
    return AccessAttempt(
      user: user, verb: verb.rawValue, group: resource.group, plural: resource.plural, subresource: subresource,
      namespace: isNamespace ? name : namespace, name: chosen)
  }

  /// Who writes, for managed fields: the parameter, or the first word of the user agent.
  var fieldManager: String {
    if let manager = query["fieldManager"], !manager.isEmpty { return manager }
    return String(userAgent.prefix { $0 != "/" })
  }

  /// The table or partial form that the client would rather have.
  var form: Form {
    for offer in accept.split(separator: ",") {
      let parts = offer.split(separator: ";").map { $0.trimmingSpaces }
      guard parts.first == "application/json" || parts.first == "*/*" else { continue }
      if parts.contains("as=Table"), parts.contains("v=v1") { return .table }
      if parts.contains("as=PartialObjectMetadata"), parts.contains("v=v1") { return .partial }
      if parts.contains("as=PartialObjectMetadataList"), parts.contains("v=v1") { return .partial }
      if parts.count == 1 || !parts.dropFirst().contains(where: { $0.hasPrefix("as=") }) { return .object }
    }
    return .object
  }

  enum Form: Sendable { case object, table, partial }

  func filter() throws(StatusError) -> ObjectFilter {
    var filter = ObjectFilter(
      labels: try LabelQuery(parsing: query["labelSelector"] ?? ""),
      fields: try FieldQuery(parsing: query["fieldSelector"] ?? "", for: definition))
    if let name { filter.fields.add("metadata.name", name) }
    return filter
  }

  /// The body as an object; throws 400 or 415.
  func object() throws(StatusError) -> JSON {
    switch contentType.split(separator: ";").first.map({ $0.trimmingSpaces }) ?? "application/json" {
    case "application/json", "*/*": break
    case "application/vnd.kubernetes.protobuf": return try ProtobufReader.object(body)
    default:
      throw StatusError(
        415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json, "
          + "application/vnd.kubernetes.protobuf")
    }
    let json: JSON
    do { json = try JSON(parsing: body) } catch {
      throw .badRequest("couldn't get version/kind; json parse error: \(error)")
    }
    guard json.object != nil else {
      throw StatusError.badRequest("the object provided is unrecognized (must be of type \(definition.kind))")
    }
    return json
  }
}

extension StringProtocol {
  var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
