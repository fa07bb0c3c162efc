import Documents

/// `rbac.authorization.k8s.io`, and who the rules are about.
extension BuiltInKinds {
  static let access: [ResourceDefinition] = [
    serviceAccounts, role("Role", "roles", isNamespaced: true), role("ClusterRole", "clusterroles"),
    binding("RoleBinding", "rolebindings", isNamespaced: true), binding("ClusterRoleBinding", "clusterrolebindings"),
  ]

  private static let serviceAccounts = ResourceDefinition(
    "", "v1", "ServiceAccount", plural: "serviceaccounts", shortNames: ["sa"], subresources: [.token])

  /// - Parameter isNamespaced: else its rules hold in the whole cluster.
  private static func role(_ kind: String, _ plural: String, isNamespaced: Bool = false) -> ResourceDefinition {
    var role = ResourceDefinition(AccessValidation.group, "v1", kind, plural: plural, isNamespaced: isNamespaced)
    role.nameRule = AccessValidation.nameProblem
    role.validate = { role, _ in
      AccessValidation.problems(inRules: role["rules"]?.array ?? [], isNamespaced: isNamespaced)
    }
    return role
  }

  private static func binding(_ kind: String, _ plural: String, isNamespaced: Bool = false) -> ResourceDefinition {
    var binding = ResourceDefinition(AccessValidation.group, "v1", kind, plural: plural, isNamespaced: isNamespaced)
    binding.nameRule = AccessValidation.nameProblem
    binding.defaults = { binding, _ in
      if binding[path: "roleRef", "apiGroup"]?.string?.isEmpty ?? true, binding["roleRef"] != nil {
        binding[path: "roleRef", "apiGroup"] = .string(AccessValidation.group)
      }
      guard let subjects = binding["subjects"]?.array else { return }
      binding["subjects"] = .array(
        subjects.map { subject in
          var subject = subject
          if ["User", "Group"].contains(subject["kind"]?.string), subject["apiGroup"]?.string?.isEmpty ?? true {
            subject["apiGroup"] = .string(AccessValidation.group)
          }
          return subject
        })
    }
    binding.validate = { AccessValidation.problems(inBinding: $0, old: $1, isNamespaced: isNamespaced) }
    return binding
  }
}
