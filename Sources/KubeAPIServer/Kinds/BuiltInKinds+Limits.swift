import Documents

/// What namespaces may take.
extension BuiltInKinds {
  static let limits: [ResourceDefinition] = [limitRanges, resourceQuotas]

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
