/// A taint that pods bear with. Source: Kubernetes' tolerations.
package struct TolerationRule: Hashable, Sendable {
  /// Nil is every key.
  package var key: String?
  /// Nil is every value.
  package var value: String?
  /// Nil is every effect.
  package var effect: String?

  package init(key: String? = nil, value: String? = nil, effect: String? = nil) {
    self.key = key
    self.value = value
    self.effect = effect
  }

  package func tolerates(_ taint: NodeFacts.Taint) -> Bool {
    (key == nil || key == taint.key) && (effect == nil || effect == taint.effect)
      && (value == nil || value == taint.value)
  }

  /// Those of every pod of a DaemonSet: nodes with these troubles may still get images.
  ///
  /// Source: the DaemonSet controller's `AddOrUpdateDaemonPodTolerations`.
  package static let ofDaemonSets = [
    TolerationRule(key: "node.kubernetes.io/not-ready", effect: "NoExecute"),
    TolerationRule(key: "node.kubernetes.io/unreachable", effect: "NoExecute"),
    TolerationRule(key: "node.kubernetes.io/disk-pressure", effect: "NoSchedule"),
    TolerationRule(key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule"),
    TolerationRule(key: "node.kubernetes.io/pid-pressure", effect: "NoSchedule"),
    TolerationRule(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule"),
  ]
}
