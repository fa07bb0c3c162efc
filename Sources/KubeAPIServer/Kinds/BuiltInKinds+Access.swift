import Documents

/// `rbac.authorization.k8s.io`, and who the rules are about. That rules and bindings make sense is not checked.
extension BuiltInKinds {
  static let accessGroup = "rbac.authorization.k8s.io"

  static let access: [ResourceDefinition] = [
    ResourceDefinition(
      "", "v1", "ServiceAccount", plural: "serviceaccounts", shortNames: ["sa"], subresources: [.token]),
    role("Role", "roles", isNamespaced: true), role("ClusterRole", "clusterroles"),
    binding("RoleBinding", "rolebindings", isNamespaced: true), binding("ClusterRoleBinding", "clusterrolebindings"),
  ]

  /// Colons are allowed: `system:node`.
  private static func nameProblem(_ name: String) -> String? {
    if name == "." || name == ".." { return "may not be '\(name)'" }
    for mark in ["/", "%"] where name.contains(mark) { return "may not contain '\(mark)'" }
    return nil
  }

  /// - Parameter isNamespaced: else its rules hold in the whole cluster.
  private static func role(_ kind: String, _ plural: String, isNamespaced: Bool = false) -> ResourceDefinition {
    var role = ResourceDefinition(accessGroup, "v1", kind, plural: plural, isNamespaced: isNamespaced)
    role.nameRule = nameProblem
    return role
  }

  private static func binding(_ kind: String, _ plural: String, isNamespaced: Bool = false) -> ResourceDefinition {
    var binding = role(kind, plural, isNamespaced: isNamespaced)
    binding.defaults = { binding, _ in
      if binding["roleRef"] != nil { setGroup(&binding["roleRef"]) }
      guard let subjects = binding["subjects"]?.array else { return }
      binding["subjects"] = .array(
        subjects.map { subject in
          guard ["User", "Group"].contains(subject["kind"]?.string) else { return subject }
          var subject: JSON? = subject
          setGroup(&subject)
          return subject ?? .null
        })
    }
    return binding
  }

  private static func setGroup(_ reference: inout JSON?) {
    if reference?["apiGroup"]?.string?.isEmpty ?? true { reference?["apiGroup"] = .string(accessGroup) }
  }
}
