import Documents

/// Of what leads to pods, and of what may be taken from them.
extension ObjectTable {
  static let services: [String: [Column]] = [
    "Service": [
      name, field("Type", "spec", "type", missing: "ClusterIP"), field("Cluster-IP", "spec", "clusterIP"),
      text("External-IP", externalAddresses), text("Port(s)", ports), age,
      text("Selector", wide: true) { labels($0[path: "spec", "selector"]) },
    ],
    "EndpointSlice": [
      name, field("AddressType", "addressType", missing: ""),
      text("Ports") { slice in
        few((slice["ports"]?.array ?? []).map { $0["port"]?.integer.map { "\($0)" } ?? $0["name"]?.string ?? "*" })
      },
      text("Endpoints") { slice in
        few((slice["endpoints"]?.array ?? []).flatMap { ($0["addresses"]?.array ?? []).compactMap(\.string) })
      }, age,
    ],
    "NetworkPolicy": [name, text("Pod-Selector") { selector($0[path: "spec", "podSelector"]) }, age],
    "PodDisruptionBudget": [
      name, text("Min Available") { share($0[path: "spec", "minAvailable"]) },
      text("Max Unavailable") { share($0[path: "spec", "maxUnavailable"]) },
      number("Allowed Disruptions", "status", "disruptionsAllowed"), age,
    ],
    "ResourceQuota": [
      name, text("Request") { quota($0, isLimit: false) }, text("Limit") { quota($0, isLimit: true) }, age,
    ],
  ]

  @Sendable private static func externalAddresses(_ service: JSON) -> String {
    let own = (service[path: "spec", "externalIPs"]?.array ?? []).compactMap(\.string)
    switch service[path: "spec", "type"]?.string {
    case "ExternalName": return service[path: "spec", "externalName"]?.string ?? ""
    case "LoadBalancer":
      let ingress = service[path: "status", "loadBalancer", "ingress"]?.array ?? []
      let all = Set(ingress.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }).sorted() + own
      return all.isEmpty ? "<pending>" : all.joined(separator: ",")
    default: return own.isEmpty ? "<none>" : own.joined(separator: ",")
    }
  }

  @Sendable private static func ports(_ service: JSON) -> String {
    let ports = (service[path: "spec", "ports"]?.array ?? []).map { port in
      let node = port["nodePort"]?.integer.map { ":\($0)" } ?? ""
      return "\(port["port"]?.integer ?? 0)\(node)/\(port["protocol"]?.string ?? "TCP")"
    }
    return ports.isEmpty ? "<none>" : ports.joined(separator: ",")
  }

  /// The first three.
  private static func few(_ all: [String]) -> String {
    if all.isEmpty { return "<unset>" }
    return all.prefix(3).joined(separator: ",") + (all.count > 3 ? " + \(all.count - 3) more..." : "")
  }

  private static func share(_ value: JSON?) -> String { value?.string ?? value?.integer.map { "\($0)" } ?? "N/A" }

  private static func quota(_ quota: JSON, isLimit: Bool) -> String {
    let hard = (quota[path: "status", "hard"] ?? quota[path: "spec", "hard"])?.object ?? [:]
    return hard.keys.filter { $0.hasPrefix("limits.") == isLimit }.sorted().map { name in
      "\(name): \(quota[path: "status", "used", name]?.string ?? "0")/\(hard[name]?.string ?? "0")"
    }.joined(separator: ", ")
  }
}
