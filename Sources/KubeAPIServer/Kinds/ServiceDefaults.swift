import Documents

/// What the API server fills in for Services, and what it refuses.
enum ServiceDefaults {
  @Sendable static func service(_ service: inout JSON, _ old: JSON?) {
    guard service["spec"]?.object != nil else { return }
    func set(_ key: String, _ value: JSON) {
      if service[path: "spec", key] == nil { service[path: "spec", key] = value }
    }
    set("type", "ClusterIP")
    set("sessionAffinity", "None")
    if let ports = service[path: "spec", "ports"]?.array {
      service[path: "spec", "ports"] = .array(
        ports.map { port in
          var port = port
          PodDefaults.set(&port, "protocol", "TCP")
          PodDefaults.set(&port, "targetPort", port["port"] ?? .null)
          return port
        })
    }
    guard service[path: "spec", "type"] != "ExternalName" else { return }
    set("internalTrafficPolicy", "Cluster")
    set("ipFamilies", ["IPv4"])
    set("ipFamilyPolicy", "SingleStack")
    // Like an allocator that never gives an address back.
    let address =
      old?[path: "spec", "clusterIP"] ?? .string("10.96.\(Int.random(in: 1...255)).\(Int.random(in: 2...254))")
    if service[path: "spec", "clusterIP"]?.string?.isEmpty ?? true { service[path: "spec", "clusterIP"] = address }
    set("clusterIPs", [service[path: "spec", "clusterIP"] ?? address])
  }

  @Sendable static func problems(_ service: JSON, _ old: JSON?) -> [FieldProblem] {
    let spec = service["spec"] ?? [:]
    var problems: [FieldProblem] = []
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
    if !types.contains(spec["type"]?.string ?? "") {
      problems.append(.unsupported("spec.type", spec["type"] ?? "", types))
    }
    let ports = spec["ports"]?.array ?? []
    if ports.isEmpty, spec["type"] != "ExternalName", spec["clusterIP"] != "None" {
      problems.append(.required("spec.ports"))
    }
    for (index, port) in ports.enumerated() {
      let place = "spec.ports[\(index)]"
      if ports.count > 1, (port["name"]?.string ?? "").isEmpty { problems.append(.required("\(place).name")) }
      if !(1...65535).contains(port["port"]?.integer ?? 0) {
        problems.append(
          .invalid("\(place).port", port["port"] ?? 0, "must be between 1 and 65535, inclusive"))
      }
    }
    if let old, old[path: "spec", "clusterIP"] != spec["clusterIP"], spec["type"] != "ExternalName" {
      problems.append(.invalid("spec.clusterIPs[0]", spec["clusterIP"] ?? .null, "may not change once set"))
    }
    return problems
  }
}
