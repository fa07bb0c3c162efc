import ImageModel
package import Kubernetes

extension ClusterStatus.Item {
  /// DaemonSets of one name: one for each architecture.
  init(_ owner: ClusterStatus.Owner, sets: [DaemonSet], pods: [Pod], nodes: [NodeFacts], events: [Event] = []) {
    let references = sets.map { PodImages($0.spec.template.spec).references }
    // The longest list has them in the order in which they were asked for.
    let images = references.sorted { $0.count > $1.count }.joined().reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    var coverage = Coverage(images: images)
    var skipped: [ClusterStatus.Skipped] = []
    let byNode = Dictionary(grouping: pods) { $0.node ?? "" }
    for node in nodes {
      let verdicts = sets.map { Self.choice($0.spec.template.spec).verdict(for: node) }
      // Images that have nothing for an architecture are left out of its DaemonSet.
      let own = zip(references, verdicts).filter { $1 == .wanted }.flatMap(\.0)
      func isLeftOut(_ image: String) -> Bool { !own.isEmpty && !own.contains(image) }
      if byNode[node.name] != nil || verdicts.contains(.wanted) {
        let pods = byNode[node.name] ?? []
        coverage.append(
          node: node.name,
          cells: images.map { image in
            isLeftOut(image) ? .unsupported("left out for \(node.platform)") : Self.cell(image, in: pods)
          })
      } else if let reason = Self.missingArchitecture(node, verdicts) {
        coverage.append(node: node.name, cells: images.map { _ in .unsupported(reason) })
      } else if let reason = verdicts.lazy.compactMap(\.reasonWorthSaying).first {
        skipped.append(ClusterStatus.Skipped(node: node.name, reason: reason))
      }
    }
    self.init(
      kind: .kept, namespace: owner.namespace, name: owner.name, run: nil,
      created: sets.compactMap(\.metadata.creationTimestamp).min(), coverage: coverage, skipped: skipped,
      isCurrent: sets.allSatisfy { ($0.status?.observedGeneration ?? 0) >= ($0.metadata.generation ?? 0) },
      obstacles: Self.refusals(of: sets, events) + Self.obstacles(pods))
  }

  /// What the controller said last of DaemonSets that lack pods.
  private static func refusals(of sets: [DaemonSet], _ events: [Event]) -> [ClusterStatus.Obstacle] {
    let lacking = sets.filter {
      ($0.status?.currentNumberScheduled ?? 0) < ($0.status?.desiredNumberScheduled ?? 0)
    }
    let last = lacking.compactMap { set in
      events.filter {
        $0.involvedObject.name == set.metadata.name && $0.involvedObject.namespace == set.metadata.namespace
      }.max { ($0.lastTimestamp ?? "") < ($1.lastTimestamp ?? "") }
    }
    return Set(last.compactMap(\.message)).sorted().map { ClusterStatus.Obstacle(reason: $0, nodes: []) }
  }

  /// Why pods that were made do not run: the scheduler's word, or that of the kubelet that refused them.
  private static func obstacles(_ pods: [Pod]) -> [ClusterStatus.Obstacle] {
    var nodes: [String: Set<String>] = [:]
    for pod in pods {
      guard let reason = pod.refusal, let node = pod.node else { continue }
      nodes[reason, default: []].insert(node)
    }
    return nodes.map { ClusterStatus.Obstacle(reason: $0.key, nodes: $0.value.sorted()) }
      .sorted { ($1.nodes.count, $0.reason) < ($0.nodes.count, $1.reason) }
  }

  /// The pods of a run.
  init(_ owner: ClusterStatus.Owner, pods: [Pod]) {
    let images = pods.flatMap { PodImages($0.spec).references }.reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    var coverage = Coverage(images: images)
    for (node, pods) in Dictionary(grouping: pods, by: { $0.node ?? "" }).sorted(by: { $0.key < $1.key }) {
      coverage.append(node: node, cells: images.map { Self.cell($0, in: pods) })
    }
    self.init(
      kind: .run, namespace: owner.namespace, name: owner.name, run: owner.run,
      created: pods.compactMap(\.metadata.creationTimestamp).min(), coverage: coverage, skipped: [], isCurrent: true,
      obstacles: Self.obstacles(pods))
  }

  /// A DaemonSet's pods come to cordoned nodes too.
  private static func choice(_ spec: PodSpec) -> NodeChoice {
    var choice = NodeChoice(spec)
    choice.includeCordoned = true
    return choice
  }

  private static func missingArchitecture(_ node: NodeFacts, _ verdicts: [NodeVerdict]) -> String? {
    let isOnlyThat = verdicts.allSatisfy { verdict in
      switch verdict {
      case .skipped(.lacks(let requirement)):
        ["kubernetes.io/arch", "kubernetes.io/os"].contains(requirement.key)
      case .unsupported: true
      default: false
      }
    }
    return isOnlyThat && !verdicts.isEmpty ? "there is no DaemonSet for \(node.platform)" : nil
  }

  private static func cell(_ image: String, in pods: [Pod]) -> Coverage.Cell {
    // Of an old and a new pod of a node that is being updated, the one that knows the image counts.
    pods.lazy.compactMap { PodImages($0.spec).cell(of: image, in: $0) }.first ?? .pending
  }
}

extension NodeVerdict {
  fileprivate var reasonWorthSaying: SkipReason? {
    if case .skipped(let reason) = self, reason.isWorthSaying { reason } else { nil }
  }
}

extension Pod {
  /// Why it does not run, where that is not for an image.
  fileprivate var refusal: String? {
    if status?.phase == "Failed" {
      let texts = [status?.reason, status?.message].compactMap(\.self).filter { !$0.isEmpty }
      return texts.isEmpty ? "the pod failed" : texts.joined(separator: ": ")
    }
    guard spec.nodeName == nil else { return nil }
    let condition = status?.conditions?.first { $0.type == "PodScheduled" && $0.status == "False" }
    return condition.map { "not scheduled: \($0.message ?? $0.reason ?? "no reason is given")" }
  }

  /// The node that it is on, or is meant for.
  package var node: String? {
    spec.nodeName ?? metadata.annotations?[RunObjects.Key.node]
      ?? spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
      .first?.matchFields?.first { $0.key == "metadata.name" }?.values?.first
  }
}
