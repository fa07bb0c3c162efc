import Documents

/// `admissionregistration.k8s.io`: stored, and never evaluated. ``AdmissionPolicies`` refuse as they would.
extension BuiltInKinds {
  static let admission: [ResourceDefinition] = [
    registration("ValidatingAdmissionPolicy", "validatingadmissionpolicies", [.status]),
    registration("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
    registration("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    registration("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    limitRanges, resourceQuotas,
  ]

  private static func registration(
    _ kind: String, _ plural: String, _ subresources: Set<Subresource> = []
  ) -> ResourceDefinition {
    ResourceDefinition(
      "admissionregistration.k8s.io", "v1", kind, plural: plural, isNamespaced: false, subresources: subresources,
      hasGeneration: true)
  }

  private static let limitRanges: ResourceDefinition = {
    var ranges = ResourceDefinition("", "v1", "LimitRange", plural: "limitranges", shortNames: ["limits"])
    ranges.defaults = { range, _ in
      guard let limits = range[path: "spec", "limits"]?.array else { return }
      range[path: "spec", "limits"] = .array(limits.map(LimitRanger.defaulted))
    }
    return ranges
  }()

  private static let resourceQuotas: ResourceDefinition = {
    var quotas = ResourceDefinition(
      "", "v1", "ResourceQuota", plural: "resourcequotas", shortNames: ["quota"], subresources: [.status])
    quotas.initialStatus = { $0["status"] = ["hard": $0[path: "spec", "hard"] ?? [:], "used": [:]] }
    return quotas
  }()
}
