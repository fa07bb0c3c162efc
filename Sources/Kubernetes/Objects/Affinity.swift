/// Where a pod may run, beyond `nodeSelector`. Only node affinity matters to Prepull.
package struct Affinity: Codable, Hashable, Sendable {
  package var nodeAffinity: NodeAffinity?

  package init(nodeAffinity: NodeAffinity? = nil) { self.nodeAffinity = nodeAffinity }
}

/// Which nodes a pod needs, and which it would rather have.
package struct NodeAffinity: Codable, Hashable, Sendable {
  package var requiredDuringSchedulingIgnoredDuringExecution: NodeSelector?

  package init(required: NodeSelector? = nil) { requiredDuringSchedulingIgnoredDuringExecution = required }
}

/// Nodes that match at least one of the terms.
package struct NodeSelector: Codable, Hashable, Sendable {
  package var nodeSelectorTerms: [NodeSelectorTerm]

  package init(nodeSelectorTerms: [NodeSelectorTerm]) { self.nodeSelectorTerms = nodeSelectorTerms }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    nodeSelectorTerms = try fields.decodeIfPresent([NodeSelectorTerm].self, forKey: .nodeSelectorTerms) ?? []
  }
}

/// Nodes that meet all the requirements; a term without any matches no node.
package struct NodeSelectorTerm: Codable, Hashable, Sendable {
  /// Of labels.
  package var matchExpressions: [NodeSelectorRequirement]?
  /// Of fields; Kubernetes knows `metadata.name` only.
  package var matchFields: [NodeSelectorRequirement]?

  package init(
    matchExpressions: [NodeSelectorRequirement]? = nil, matchFields: [NodeSelectorRequirement]? = nil
  ) {
    self.matchExpressions = matchExpressions
    self.matchFields = matchFields
  }
}

/// What a label or field has to be.
package struct NodeSelectorRequirement: Codable, Hashable, Sendable {
  package struct Operator: OpenName {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `in` = Operator(rawValue: "In")
    package static let notIn = Operator(rawValue: "NotIn")
    package static let exists = Operator(rawValue: "Exists")
    package static let doesNotExist = Operator(rawValue: "DoesNotExist")
    package static let gt = Operator(rawValue: "Gt")
    package static let lt = Operator(rawValue: "Lt")
  }

  package var key: String
  package var `operator`: Operator
  package var values: [String]?

  package init(key: String, operator: Operator, values: [String]? = nil) {
    self.key = key
    self.operator = `operator`
    self.values = values
  }
}
