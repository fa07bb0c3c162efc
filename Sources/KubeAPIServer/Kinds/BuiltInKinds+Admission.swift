import Documents

/// `admissionregistration.k8s.io`. Webhooks are stored, and never called; policies are evaluated where there is somebody
/// to read their expressions (``RuleCompiler``), else ``AdmissionPolicies`` refuse as they would.
extension BuiltInKinds {
  static let admission: [ResourceDefinition] = [
    bindings,
    registration("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    registration("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
  ]

  static func policies(_ compiler: RuleCompiler) -> ResourceDefinition {
    var policies = registration("ValidatingAdmissionPolicy", "validatingadmissionpolicies", [.status])
    policies.defaults = { object, _ in PolicyValidation.complete(&object) }
    policies.validate = { object, _ in
      let problems = PolicyValidation.policy(object)
      return problems.isEmpty ? compiler.policy(object["spec"] ?? [:]).problems : problems
    }
    return policies
  }

  private static let bindings: ResourceDefinition = {
    var bindings = registration("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings")
    bindings.validate = { object, _ in PolicyValidation.binding(object) }
    return bindings
  }()

  private static func registration(
    _ kind: String, _ plural: String, _ subresources: Set<Subresource> = []
  ) -> ResourceDefinition {
    ResourceDefinition(
      "admissionregistration.k8s.io", "v1", kind, plural: plural, isNamespaced: false, subresources: subresources,
      hasGeneration: true)
  }
}
