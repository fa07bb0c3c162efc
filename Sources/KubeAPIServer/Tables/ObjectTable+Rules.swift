import Documents

/// Of what says who may do what.
extension ObjectTable {
  static let rules: [String: [Column]] = [
    "RoleBinding": binding, "ClusterRoleBinding": binding,
    "ValidatingWebhookConfiguration": [name, count("Webhooks", "webhooks"), age],
    "MutatingWebhookConfiguration": [name, count("Webhooks", "webhooks"), age],
    "ValidatingAdmissionPolicy": [
      name,
      Column("Validations", type: "integer") { policy, _ in
        .integer(Int64(policy[path: "spec", "validations"]?.array?.count ?? 0))
      },
      text("ParamKind") { policy in
        policy[path: "spec", "paramKind"].map { "\($0["apiVersion"]?.string ?? "")/\($0["kind"]?.string ?? "")" }
          ?? "<unset>"
      }, age,
    ],
    "ValidatingAdmissionPolicyBinding": [
      name, field("PolicyName", "spec", "policyName"),
      text("ParamRef") { binding in
        guard let reference = binding[path: "spec", "paramRef"] else { return "<unset>" }
        return reference["name"]?.string.map { "\(reference["namespace"]?.string ?? "*")/\($0)" }
          ?? selector(reference["selector"])
      }, age,
    ],
  ]

  private static let binding: [Column] = [
    name, text("Role") { "\($0[path: "roleRef", "kind"]?.string ?? "")/\($0[path: "roleRef", "name"]?.string ?? "")" },
    age, subjects("Users", "User"), subjects("Groups", "Group"), subjects("ServiceAccounts", "ServiceAccount"),
  ]

  private static func subjects(_ title: String, _ kind: String) -> Column {
    text(title, wide: true) { binding in
      (binding["subjects"]?.array ?? []).filter { $0["kind"]?.string == kind }.map { subject in
        (kind == "ServiceAccount" ? "\(subject["namespace"]?.string ?? "")/" : "") + (subject["name"]?.string ?? "")
      }.joined(separator: ",")
    }
  }
}
