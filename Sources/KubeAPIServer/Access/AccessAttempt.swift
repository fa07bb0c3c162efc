/// What somebody wants to do with a resource.
package struct AccessAttempt: Hashable, Sendable {
  package var user: ServerUser
  package var verb: String
  package var group = ""
  package var plural: String
  package var subresource: String?
  package var namespace: String?
  package var name: String?

  /// `pods/log`.
  package var path: String { plural + (subresource.map { "/\($0)" } ?? "") }

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
