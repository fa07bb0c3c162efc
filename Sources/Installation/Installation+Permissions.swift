import Documents

/// As whom the operator acts, and what it may do.
extension Installation {
  var permissions: [JSON] {
    var account = object("v1", "ServiceAccount", in: namespace)
    // Only the controller's own pod asks for the token.
    account["automountServiceAccountToken"] = false
    var objects = [account, role("ClusterRole", Self.name, Permission.everywhere), binding(Self.name)]
    if opensGates { objects += [role("ClusterRole", Self.gateName, Permission.gate), binding(Self.gateName)] }
    objects += [
      role("Role", Self.electionName, Permission.election, in: namespace),
      binding(Self.electionName, in: namespace),
    ]
    for grant in secretGrants.sorted(by: { $0.namespace < $1.namespace }) {
      objects += [
        role("Role", Self.secretsName, [.secrets(grant.names)], in: grant.namespace),
        binding(Self.secretsName, in: grant.namespace),
      ]
    }
    var viewer = role("ClusterRole", "prepull-viewer", Permission.viewers)
    viewer[path: "metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-view"] = "true"
    // Not part of `edit`: a Prepull reaches all nodes, and who may edit a namespace may not.
    return objects + [viewer, role("ClusterRole", "prepull-editor", Permission.editors)]
  }

  static let gateName = "prepull-controller-gate"
  static let electionName = "prepull-controller-election"
  static let secretsName = "prepull-controller-pull-secrets"

  private func role(_ kind: String, _ name: String, _ rules: [Permission], in namespace: String? = nil) -> JSON {
    var role = object("rbac.authorization.k8s.io/v1", kind, name, in: namespace)
    role["rules"] = .array(rules.map(\.rule))
    return role
  }

  /// Binds the role of the same name to the operator: in one namespace, or in all.
  private func binding(_ name: String, in place: String? = nil) -> JSON {
    var binding = object(
      "rbac.authorization.k8s.io/v1", place == nil ? "ClusterRoleBinding" : "RoleBinding", name, in: place)
    binding["roleRef"] = [
      "apiGroup": "rbac.authorization.k8s.io", "kind": .string(place == nil ? "ClusterRole" : "Role"),
      "name": .string(name),
    ]
    binding["subjects"] = [
      ["kind": "ServiceAccount", "name": .string(Self.name), "namespace": .string(namespace)]
    ]
    return binding
  }
}
