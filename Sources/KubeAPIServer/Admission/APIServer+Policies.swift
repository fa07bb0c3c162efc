import Documents

extension APIServer {
  /// What the bound ValidatingAdmissionPolicies have to say to a write; nil where none is concerned.
  ///
  /// Not done: `matchResources` of bindings, selectors, parameters, the actions Warn and Audit.
  func policies(for call: APICall, _ operation: String) -> Store.Review? {
    guard store.count(.admissionPolicies) > 0, store.count(.admissionPolicyBindings) > 0 else { return nil }
    let bindings = store.list(.admissionPolicyBindings).items.filter { binding in
      binding[path: "spec", "validationActions"]?.array?.contains("Deny") == true
    }
    let bound = bindings.compactMap { binding -> (String, String, any PolicyRules)? in
      guard let name = binding[path: "spec", "policyName"]?.string,
        let policy = store.get(.admissionPolicies, name: name),
        PolicyMatch.covers(policy["spec"] ?? [:], call, operation), let rules = store.policyRules(policy)
      else { return nil }
      return (name, ObjectName(binding).name, rules)
    }
    if bound.isEmpty { return nil }
    return { object, old throws(StatusError) in
      let name = call.name ?? object?[path: "metadata", "name"]?.string ?? ""
      let request = Self.request(call, operation, name: name)
      for (policy, binding, rules) in bound {
        guard let refusal = rules.refusal(of: request, object: object ?? .null, old: old ?? .null) else { continue }
        let text =
          "ValidatingAdmissionPolicy '\(policy)' with binding '\(binding)' denied request: \(refusal.message)"
        var error = StatusError.forbidden(call.resource, name, text, causes: [["message": .string(refusal.message)]])
        (error.code, error.reason) = (refusal.code, refusal.reason)
        throw error
      }
    }
  }

  /// The `AdmissionRequest` that expressions see.
  private static func request(_ call: APICall, _ operation: String, name: String) -> JSON {
    let resource: JSON = [
      "group": .string(call.resource.group), "version": .string(call.version),
      "resource": .string(call.resource.plural),
    ]
    let kind: JSON = [
      "group": .string(call.resource.group), "version": .string(call.version), "kind": .string(call.definition.kind),
    ]
    var request: JSON = [
      "operation": .string(operation), "resource": resource, "requestResource": resource, "kind": kind,
      "requestKind": kind, "userInfo": info(call.user), "dryRun": .bool(call.query.isDryRun),
    ]
    if !name.isEmpty { request["name"] = .string(name) }
    request["namespace"] = call.namespace.map(JSON.string)
    request["subResource"] = call.subresource.map(JSON.string)
    return request
  }
}

/// Whether the `matchConstraints` of a policy choose a request.
enum PolicyMatch {
  static func covers(_ spec: JSON, _ call: APICall, _ operation: String) -> Bool {
    func matches(_ list: String) -> Bool {
      (spec[path: "matchConstraints", list]?.array ?? []).contains { covers(rule: $0, call, operation) }
    }
    return matches("resourceRules") && !matches("excludeResourceRules")
  }

  private static func covers(rule: JSON, _ call: APICall, _ operation: String) -> Bool {
    func has(_ field: String, _ value: String) -> Bool {
      (rule[field]?.array ?? []).contains { $0 == "*" || $0 == .string(value) }
    }
    let names = rule["resourceNames"]?.array ?? []
    let scope = rule["scope"]?.string ?? "*"
    return has("operations", operation) && has("apiGroups", call.resource.group) && has("apiVersions", call.version)
      && (rule["resources"]?.array ?? []).contains { covers(resource: $0.string ?? "", call) }
      && (names.isEmpty || call.name.map { names.contains(.string($0)) } == true)
      && (scope == "*" || (scope == "Namespaced") == call.definition.isNamespaced)
  }

  /// `pods`, `pods/status`, `*` without subresources, `*/*` with them, `pods/*`, `*/scale`.
  private static func covers(resource text: String, _ call: APICall) -> Bool {
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    guard let first = parts.first, first == "*" || first == call.resource.plural else { return false }
    if text == "*/*" { return true }
    return parts.count == 1 ? call.subresource == nil : parts[1] == "*" || parts[1] == call.subresource
  }
}
