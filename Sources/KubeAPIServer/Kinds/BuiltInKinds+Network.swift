import Documents

/// Kinds that are kept, and filled in as the API server does it; nothing routes or filters.
extension BuiltInKinds {
  static let network: [ResourceDefinition] = [services, endpointSlices, networkPolicies]

  private static let services: ResourceDefinition = {
    var services = ResourceDefinition(
      "", "v1", "Service", plural: "services", shortNames: ["svc"], categories: ["all"], subresources: [.status],
      selectableFields: ["spec.clusterIP", "spec.type"])
    services.nameRule = NameRules.labelProblem
    services.defaults = ServiceDefaults.service
    services.initialStatus = { $0["status"] = ["loadBalancer": [:]] }
    services.validate = ServiceDefaults.problems
    return services
  }()

  private static let endpointSlices: ResourceDefinition = {
    var slices = ResourceDefinition("discovery.k8s.io", "v1", "EndpointSlice", plural: "endpointslices")
    slices.hasGeneration = true
    slices.validate = { slice, old in
      guard ["IPv4", "IPv6", "FQDN"].contains(slice["addressType"]?.string) else {
        return [.required("addressType")]
      }
      return old.map { $0["addressType"] == slice["addressType"] } ?? true
        ? [] : [.invalid("addressType", slice["addressType"] ?? "", "field is immutable")]
    }
    return slices
  }()

  private static let networkPolicies: ResourceDefinition = {
    var policies = ResourceDefinition(
      "networking.k8s.io", "v1", "NetworkPolicy", plural: "networkpolicies", shortNames: ["netpol"],
      hasGeneration: true)
    policies.defaults = { policy, _ in
      guard policy["spec"]?.object != nil, policy[path: "spec", "policyTypes"] == nil else { return }
      let hasEgress = policy[path: "spec", "egress"]?.array?.isEmpty == false
      policy[path: "spec", "policyTypes"] = hasEgress ? ["Ingress", "Egress"] : ["Ingress"]
    }
    policies.validate = { policy, _ in
      let types = policy[path: "spec", "policyTypes"]?.array ?? []
      return types.enumerated().compactMap { index, type in
        ["Ingress", "Egress"].contains(type.string ?? "")
          ? .none : .unsupported("spec.policyTypes[\(index)]", type, ["Egress", "Ingress"])
      }
    }
    return policies
  }()
}
