import Documents

/// What keeps an agent to its own node: a role can name no node, so a policy does.
extension Installation {
  private static let nodeClaim = "authentication.kubernetes.io/node-name"

  /// Only requests of the agents' account are concerned, and of those all that write objects of our group.
  ///
  /// The node is a claim of the token, which API servers make since Kubernetes 1.30 for tokens that are bound to a pod.
  var agentPolicy: [JSON] {
    var policy = agentObject(
      "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", isNamespaced: false)
    let claim = "request.userInfo.extra"
    policy["spec"] = [
      "failurePolicy": "Fail",
      "matchConstraints": [
        "resourceRules": [
          [
            "apiGroups": ["prepull.dev"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE", "DELETE"],
            "resources": ["*/*"], "scope": "*",
          ]
        ]
      ],
      "matchConditions": [
        [
          "name": "agents",
          "expression": .string(
            "request.userInfo.username == 'system:serviceaccount:\(Self.agentName):\(Self.agentName)'"),
        ]
      ],
      "variables": [
        [
          "name": "node",
          "expression": .string(
            "has(\(claim)) && '\(Self.nodeClaim)' in \(claim) ? \(claim)['\(Self.nodeClaim)'][0] : ''"),
        ]
      ],
      "validations": [
        [
          "expression": "variables.node != ''", "reason": "Forbidden",
          "message":
            "this token names no node: agents use the token of their pod, which names it since Kubernetes 1.30",
        ],
        [
          "expression":
            "request.operation == 'UPDATE' && request.resource.resource == 'warmnodes' && has(request.subResource) && request.subResource == 'status'",
          "reason": "Forbidden", "message": "an agent writes the status of its WarmNode, and nothing else",
        ],
        [
          "expression": "has(request.name) && request.name == variables.node", "reason": "Forbidden",
          "messageExpression": "'an agent writes the WarmNode of its own node only, which is ' + variables.node",
          "message": "an agent writes the WarmNode of its own node only",
        ],
      ],
    ]
    var binding = agentObject(
      "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", isNamespaced: false)
    binding["spec"] = ["policyName": .string(Self.agentName), "validationActions": ["Deny"]]
    return [policy, binding]
  }
}
