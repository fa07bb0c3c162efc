/// `admissionregistration.k8s.io`: stored, and never evaluated. ``AdmissionPolicies`` refuse as they would.
extension BuiltInKinds {
  static let admission: [ResourceDefinition] = [
    registration("ValidatingAdmissionPolicy", "validatingadmissionpolicies", [.status]),
    registration("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
    registration("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    registration("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
  ]

  private static func registration(
    _ kind: String, _ plural: String, _ subresources: Set<Subresource> = []
  ) -> ResourceDefinition {
    ResourceDefinition(
      "admissionregistration.k8s.io", "v1", kind, plural: plural, isNamespaced: false, subresources: subresources,
      hasGeneration: true)
  }
}
