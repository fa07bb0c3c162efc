/// What an image costs: how it is used, and how long pods are expected to wait for it.
package struct ImageUsage: Hashable, Sendable {
  /// As the first of its users writes it.
  package let reference: String
  package let key: ImageKey
  /// Nodes that are known to hold it, and nodes on which it may be wanted.
  package let nodes: Int
  package let eligibleNodes: Int
  /// False for one that only nodes of other systems use.
  package let canBeWarmed: Bool
  /// Pods that use it, or are about to.
  package let pods: Int
  /// Of these, containers that cannot start as it could not be pulled.
  package let failing: Int
  /// Pods of present workloads that are not there yet.
  package let expectedPods: Int
  /// `Deployment web/front`, in their order.
  package let users: [String]
  package let bytes: Int64?
  /// What kubelets reported.
  package let seen: UsageHour

  /// Containers that start with it, per hour.
  package let startsPerHour: Double
  /// The chance that a start meets a node without it, 0 to 1.
  package let coldChance: Double
  /// How long a pull takes; nil where nothing tells.
  package let pullTime: Duration?
  /// Whether that is guessed from its size or from other images.
  package let isPullTimeGuessed: Bool

  /// How long pods are expected to wait for it in an hour, all together: `startsPerHour x coldChance x pullTime`.
  package var waitPerHour: Duration { (pullTime ?? .zero) * startsPerHour * coldChance }
}
