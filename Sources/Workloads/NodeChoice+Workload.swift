package import Kubernetes

extension NodeChoice {
  /// Narrows the choice to nodes where one of the workloads may run, with what their pods tolerate.
  package mutating func narrow(to workloads: WorkloadSet) {
    anyOf = workloads.terms?.compactMap(Term.init) ?? anyOf
    tolerations += workloads.tolerations.compactMap(TolerationRule.init)
    // The DaemonSet controller puts its pods on cordoned nodes as well.
    let areDaemons = !workloads.isEmpty && workloads.templates.allSatisfy { $0.source.hasPrefix("daemonset/") }
    if areDaemons { includeCordoned = true }
  }
}
