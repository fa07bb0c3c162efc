package import Kubernetes

/// Several workloads, warmed for in one run.
package struct WorkloadSet: Hashable, Sendable {
  package private(set) var templates: [WorkloadTemplate]
  /// What of the manifests is not in it, and why; a line each.
  package let remarks: [String]

  package init(_ templates: [WorkloadTemplate], remarks: [String] = []) {
    self.templates = templates
    self.remarks = remarks
  }

  package var isEmpty: Bool { templates.isEmpty }

  /// Replaces the image of the containers with this name, in all workloads.
  ///
  /// - Throws: `WorkloadError` that lists the names there are, when none is called so.
  package mutating func replace(_ name: String, with reference: String) throws(WorkloadError) {
    var isFound = false
    for index in templates.indices where templates[index].replace(name, with: reference) { isFound = true }
    guard isFound else {
      let names = templates.map { "\($0.source) has \($0.images.map(\.name).joined(separator: ", "))" }
      throw WorkloadError(
        .unknownContainer, "there is no container '\(name)' whose image to replace: \(names.joined(separator: "; "))")
    }
  }

  /// The references of all images, each once, in the order in which nodes need them.
  package func references() throws(WorkloadError) -> [String] {
    var references: [String] = []
    for template in templates {
      for image in template.images {
        guard let reference = image.reference, !reference.isEmpty else {
          throw WorkloadError(
            .noImage,
            "container '\(image.name)' of \(template.source) has no image: name it with --image \(image.name)=…")
        }
        if !references.contains(reference) { references.append(reference) }
      }
    }
    return references
  }

  /// The one namespace that the workloads are in; nil when none says so.
  package func namespace() throws(WorkloadError) -> String? {
    let named = templates.compactMap { template in template.namespace.map { (template.source, $0) } }
    guard let first = named.first else { return nil }
    if let other = named.first(where: { $0.1 != first.1 }) {
      throw WorkloadError(
        .namespaces,
        "\(first.0) is in the namespace \(first.1) and \(other.0) in \(other.1): warm for one namespace at a time")
    }
    return first.1
  }

  package var pullSecrets: [String] { templates.flatMap(\.pullSecrets).uniqued() }

  package var tolerations: [Toleration] { templates.flatMap(\.tolerations).uniqued() }

  /// Whether every workload goes to the same nodes as the others.
  package var isOnePlacement: Bool {
    guard let first = templates.first else { return true }
    return templates.allSatisfy { Set($0.terms) == Set(first.terms) && Set($0.tolerations) == Set(first.tolerations) }
  }

  /// Terms of which a node must meet one to be where any of the workloads may run; nil when every node is.
  ///
  /// A node selector is the same as a term in which each label has one value.
  package var terms: [NodeSelectorTerm]? {
    let all = templates.map(\.terms)
    return all.isEmpty || all.contains { $0.isEmpty } ? nil : all.flatMap(\.self).uniqued()
  }
}

extension WorkloadTemplate {
  /// The nodes it may run on, as alternatives; empty for all nodes.
  var terms: [NodeSelectorTerm] {
    let labels = nodeSelector.entries.sorted(by: <).map {
      NodeSelectorRequirement(key: $0.key, operator: .in, values: [$0.value])
    }
    let fields = nodeName.map { [NodeSelectorRequirement(key: "metadata.name", operator: .in, values: [$0])] } ?? []
    guard let alternatives = affinity?.nodeSelectorTerms else {
      return labels.isEmpty && fields.isEmpty ? [] : [NodeSelectorTerm(labels, fields)]
    }
    return alternatives.map { term in
      let (ownLabels, ownFields) = (term.matchExpressions ?? [], term.matchFields ?? [])
      // A term without requirements matches no node, which adding to it must not change.
      return ownLabels.isEmpty && ownFields.isEmpty
        ? NodeSelectorTerm() : NodeSelectorTerm(ownLabels + labels, ownFields + fields)
    }
  }
}

extension NodeSelectorTerm {
  fileprivate init(_ labels: [NodeSelectorRequirement], _ fields: [NodeSelectorRequirement]) {
    self.init(matchExpressions: labels.isEmpty ? nil : labels, matchFields: fields.isEmpty ? nil : fields)
  }
}

extension Array where Element: Hashable {
  /// Each element once, where it came first.
  fileprivate func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
