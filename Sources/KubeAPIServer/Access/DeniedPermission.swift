import Documents

/// Something that the sandbox's users may not do; everything else they may.
package struct DeniedPermission: Hashable, Sendable {
  /// `create`; nil for every verb.
  package var verb: String?
  /// `pods`, `pods/log`, `daemonsets.apps`; nil for every resource.
  package var resource: String?
  /// Nil for every namespace.
  package var namespace: String?
  /// Nil for everybody.
  package var user: String?

  package init(verb: String? = nil, resource: String? = nil, namespace: String? = nil, user: String? = nil) {
    self.verb = verb
    self.resource = resource
    self.namespace = namespace
    self.user = user
  }

  func covers(_ attempt: AccessAttempt) -> Bool {
    if let verb, verb != attempt.verb { return false }
    if let resource, ![attempt.path, attempt.qualifiedPath].contains(resource) { return false }
    if let namespace, namespace != attempt.namespace { return false }
    return user == nil || user == attempt.user.name
  }
}

/// What somebody wants to do with a resource.
struct AccessAttempt: Hashable, Sendable {
  var user: ServerUser
  var verb: String
  var group = ""
  var plural: String
  var subresource: String?
  var namespace: String?
  var name: String?

  /// `pods/log`.
  var path: String { plural + (subresource.map { "/\($0)" } ?? "") }

  /// `daemonsets.apps/status`.
  var qualifiedPath: String {
    (group.isEmpty ? plural : "\(plural).\(group)") + (subresource.map { "/\($0)" } ?? "")
  }

  /// The refusal, worded as RBAC's.
  ///
  /// - Parameter reason: what the authorizer has to add.
  func refusal(_ reason: String = "") -> StatusError {
    let scope = namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
    return .forbidden(
      ResourceName(group: group, plural: plural), name ?? "",
      "User \"\(user.name)\" cannot \(verb) resource \"\(path)\" in API group \"\(group)\" \(scope)"
        + (reason.isEmpty ? "" : ": \(reason)"))
  }
}
