extension NodeFacts {
  package init(_ node: Node) {
    self.init(name: node.metadata.name ?? "", uid: node.metadata.uid ?? "")
    labels = node.metadata.labels?.entries ?? [:]
    taints = node.spec?.taints?.map { Taint(key: $0.key, value: $0.value ?? "", effect: $0.effect) } ?? []
    isReady = node.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false
    isSchedulable = !(node.spec?.unschedulable ?? false)
    isBeingDeleted = node.metadata.deletionTimestamp != nil
    // The labels say the same, for a node whose kubelet has not reported yet.
    os = node.status?.nodeInfo?.operatingSystem ?? labels["kubernetes.io/os"] ?? "linux"
    architecture = node.status?.nodeInfo?.architecture ?? labels["kubernetes.io/arch"] ?? ""
    if os == "windows" { osVersion = labels[Self.windowsBuildLabel] }
  }
}

extension NodeRequirement {
  /// Nil for an operator that only a later Kubernetes knows.
  package init?(_ requirement: NodeSelectorRequirement) {
    guard let known = Operator(rawValue: requirement.operator.rawValue) else { return nil }
    self.init(requirement.key, known, requirement.values ?? [])
  }
}

extension NodeChoice.Term {
  /// Nil when it asks for something that we cannot judge; it then matches no node.
  package init?(_ term: NodeSelectorTerm) {
    let labels = (term.matchExpressions ?? []).map(NodeRequirement.init)
    let names = (term.matchFields ?? []).map { $0.key == "metadata.name" ? NodeRequirement($0) : nil }
    guard !(labels + names).contains(nil) else { return nil }
    self.init(labels: labels.compactMap(\.self), names: names.compactMap(\.self))
  }
}

extension TolerationRule {
  /// Nil for an operator that we cannot judge: it then counts as bearing with nothing.
  package init?(_ toleration: Toleration) {
    let key = toleration.key.flatMap { $0.isEmpty ? nil : $0 }
    let effect = toleration.effect.map(\.rawValue).flatMap { $0.isEmpty ? nil : $0 }
    switch toleration.operator ?? .equal {
    case .exists: self.init(key: key, effect: effect)
    case .equal: self.init(key: key, value: toleration.value ?? "", effect: effect)
    default: return nil
    }
  }

  package var toleration: Toleration {
    Toleration(
      key: key, operator: value == nil ? .exists : .equal, value: value,
      effect: effect.map(Toleration.Effect.init(rawValue:)))
  }
}

extension NodeChoice {
  /// The nodes on which pods of this kind may run.
  package init(_ spec: PodSpec) {
    self.init(nodeSelector: spec.nodeSelector, affinity: spec.affinity, tolerations: spec.tolerations)
  }

  /// The nodes on which pods with these fields may run.
  package init(nodeSelector: StringMap?, affinity: Affinity?, tolerations: [Toleration]?) {
    self.init()
    selector = (nodeSelector ?? [:]).entries.sorted(by: <).map { NodeRequirement($0.key, .in, [$0.value]) }
    anyOf = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
      .compactMap(Term.init)
    self.tolerations = (tolerations ?? []).compactMap(TolerationRule.init)
  }
}
