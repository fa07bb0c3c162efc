/// Which nodes are to be warm.
package struct NodeChoice: Hashable, Sendable {
  /// One of the alternatives of a node affinity: all its requirements hold. One without any matches no node.
  package struct Term: Hashable, Sendable {
    package var labels: [NodeRequirement]
    /// Of the node's name.
    package var names: [NodeRequirement]

    package init(labels: [NodeRequirement] = [], names: [NodeRequirement] = []) {
      self.labels = labels
      self.names = names
    }

    func matches(_ node: NodeFacts) -> Bool {
      !(labels.isEmpty && names.isEmpty) && labels.allSatisfy { $0.isMet(by: node.labels) }
        && names.allSatisfy { $0.isMet(by: node.name) }
    }
  }

  /// All of these hold.
  package var selector: [NodeRequirement] = []
  /// At least one of these matches; nil when there is no such rule. From a workload's required node affinity.
  package var anyOf: [Term]?
  /// Only these, when not nil.
  package var names: Set<String>?
  package var exclude: Set<String> = []
  /// On top of those of every DaemonSet pod.
  package var tolerations: [TolerationRule] = []
  package var includeNotReady = false
  package var includeCordoned = false
  /// Machines that pods of ours run on; a node of another one is unsupported.
  package var machines: Set<String> = ["amd64", "arm64", "ppc64le", "riscv64", "s390x", "windows-amd64"]

  package init() {}

  /// Whether a node is to be warm, and why not.
  ///
  /// What the user asked for comes first, so that a node that was never meant is not reported as cordoned.
  package func verdict(for node: NodeFacts) -> NodeVerdict {
    if exclude.contains(node.name) { return .skipped(.excluded) }
    if let names, !names.contains(node.name) { return .skipped(.notNamed) }
    if let unmet = selector.first(where: { !$0.isMet(by: node.labels) }) { return .skipped(.lacks(unmet)) }
    if let anyOf, !anyOf.contains(where: { $0.matches(node) }) { return .skipped(.affinity) }
    // Its kubelet has not come up yet.
    if node.architecture.isEmpty { return .skipped(.notReady) }
    if !["linux", "windows"].contains(node.os) {
      return .unsupported("it runs \(node.os); Prepull warms Linux and Windows nodes")
    }
    if !machines.contains(node.machine) {
      return .unsupported(
        "its architecture \(node.architecture) is none that touch exists for\(node.os == "linux" ? "" : " on \(node.os)")"
      )
    }
    if node.isBeingDeleted { return .skipped(.beingDeleted) }
    if !node.isSchedulable, !includeCordoned { return .skipped(.cordoned) }
    if !node.isReady, !includeNotReady { return .skipped(.notReady) }
    if let taint = node.taints.first(where: { keepsOff($0) }) { return .skipped(.taint(taint)) }
    return .wanted
  }

  /// All tolerations of a run's pods.
  package var effectiveTolerations: [TolerationRule] {
    // A node that is not ready has its taint with both effects.
    let troubled = [
      TolerationRule(key: "node.kubernetes.io/not-ready"), TolerationRule(key: "node.kubernetes.io/unreachable"),
    ]
    return TolerationRule.ofDaemonSets + (includeNotReady ? troubled : []) + tolerations
  }

  private func keepsOff(_ taint: NodeFacts.Taint) -> Bool {
    taint.effect != "PreferNoSchedule" && !effectiveTolerations.contains { $0.tolerates(taint) }
  }
}
