extension NodeChoice {
  /// The choice as a node affinity, for pods that find their nodes themselves; nil when every node is meant.
  ///
  /// The API takes one name in a field's requirement, so several names are alternatives.
  package var terms: [NodeSelectorTerm]? {
    let labels = selector.map(NodeSelectorRequirement.init)
    let excluded = exclude.sorted().map {
      NodeSelectorRequirement(key: "metadata.name", operator: .notIn, values: [$0])
    }
    let alternatives = anyOf ?? [Term()]
    let names: [NodeSelectorRequirement?] =
      names?.sorted().map { NodeSelectorRequirement(key: "metadata.name", operator: .in, values: [$0]) } ?? [nil]
    let terms = alternatives.flatMap { alternative in
      names.map { name in
        let fields = alternative.names.map(NodeSelectorRequirement.init) + excluded + (name.map { [$0] } ?? [])
        let expressions = alternative.labels.map(NodeSelectorRequirement.init) + labels
        return NodeSelectorTerm(
          matchExpressions: expressions.isEmpty ? nil : expressions, matchFields: fields.isEmpty ? nil : fields)
      }
    }
    return terms == [NodeSelectorTerm()] && anyOf == nil ? nil : terms
  }
}

extension NodeSelectorRequirement {
  init(_ requirement: NodeRequirement) {
    self.init(
      key: requirement.key, operator: Operator(rawValue: requirement.operator.rawValue),
      values: requirement.values.isEmpty ? nil : requirement.values)
  }
}
