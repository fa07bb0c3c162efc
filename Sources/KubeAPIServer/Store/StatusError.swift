package import Documents

/// A refusal of the API server: `metav1.Status` with `status: Failure`.
package struct StatusError: Error, Sendable, CustomStringConvertible {
  /// The HTTP status.
  package var code: Int
  /// `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `Expired`, …
  package var reason: String
  package var message: String
  /// `name`, `group`, `kind`, `uid`, `causes`, `retryAfterSeconds`.
  package var details: JSON?

  package init(_ code: Int, _ reason: String, _ message: String, details: JSON? = nil) {
    self.code = code
    self.reason = reason
    self.message = message
    self.details = details
  }

  package var description: String { message }

  /// The body that a client gets.
  package var status: JSON {
    var status: JSON = [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
      "code": .integer(Int64(code)),
    ]
    if !reason.isEmpty { status["reason"] = .string(reason) }
    if let details { status["details"] = details }
    return status
  }
}

extension StatusError {
  private static func details(_ resource: ResourceName, _ name: String?, kind: String? = nil) -> JSON {
    var details: JSON = ["kind": .string(kind ?? resource.plural)]
    if let name, !name.isEmpty { details["name"] = .string(name) }
    if !resource.group.isEmpty { details["group"] = .string(resource.group) }
    return details
  }

  package static func notFound(_ resource: ResourceName, _ name: String) -> StatusError {
    StatusError(404, "NotFound", "\(resource) \"\(name)\" not found", details: details(resource, name))
  }

  /// No such path.
  package static var unknownPath: StatusError {
    StatusError(404, "NotFound", "the server could not find the requested resource", details: [:])
  }

  package static func alreadyExists(_ resource: ResourceName, _ name: String) -> StatusError {
    StatusError(409, "AlreadyExists", "\(resource) \"\(name)\" already exists", details: details(resource, name))
  }

  package static func conflict(_ resource: ResourceName, _ name: String, _ why: String) -> StatusError {
    StatusError(
      409, "Conflict", "Operation cannot be fulfilled on \(resource) \"\(name)\": \(why)",
      details: details(resource, name))
  }

  package static func modified(_ resource: ResourceName, _ name: String) -> StatusError {
    conflict(
      resource, name,
      "the object has been modified; please apply your changes to the latest version and try again")
  }

  package static func forbidden(
    _ resource: ResourceName, _ name: String, _ why: String, causes: [JSON] = []
  ) -> StatusError {
    var details = details(resource, name)
    if !causes.isEmpty { details["causes"] = .array(causes) }
    return StatusError(
      403, "Forbidden", "\(resource) \(name.isEmpty ? "" : "\"\(name)\" ")is forbidden: \(why)", details: details)
  }

  package static func invalid(
    _ resource: ResourceName, kind: String, name: String, _ problems: [FieldProblem]
  ) -> StatusError {
    var details = details(resource, name, kind: kind)
    details["causes"] = .array(problems.map(\.cause))
    let qualified = resource.group.isEmpty ? kind : "\(kind).\(resource.group)"
    let texts = problems.map(\.description)
    return StatusError(
      422, "Invalid",
      "\(qualified) \"\(name)\" is invalid: \(texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")",
      details: details)
  }

  package static func badRequest(_ message: String) -> StatusError { StatusError(400, "BadRequest", message) }

  package static func methodNotAllowed() -> StatusError {
    StatusError(
      405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details: [:])
  }

  /// A resource version that was compacted away.
  package static func expired(_ message: String) -> StatusError { StatusError(410, "Expired", message) }
}
