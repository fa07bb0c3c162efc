package import KubeAPIServer

/// Something that the users of an API server may not do, whatever their roles say.
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

extension ServerFaults {
  /// Refuses with 403 from now on.
  package func deny(_ permission: DeniedPermission) { refuse("\(permission)") { permission.covers($0) } }

  package func allow(_ permission: DeniedPermission) { refuse("\(permission)", where: nil) }
}

extension AccessAttempt {
  /// `daemonsets.apps/status`.
  fileprivate var qualifiedPath: String {
    (group.isEmpty ? plural : "\(plural).\(group)") + (subresource.map { "/\($0)" } ?? "")
  }
}
