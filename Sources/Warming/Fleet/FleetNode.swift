package import Kubernetes

/// What the machine has to see of a node.
package struct FleetNode: Hashable, Sendable {
  /// Whether the node has an agent of ours.
  package enum Agent: Hashable, Sendable {
    case none
    /// Its pod is there, and not ready.
    case starting
    case ready
  }

  package var facts: NodeFacts
  /// Since the Unix epoch.
  package var createdAt: Duration
  /// When it was made, as a text that can be compared, and how many images it lists: by these nodes become seeds.
  package var madeAt = ""
  package var images = 0
  /// Differs after each boot.
  package var bootID = ""
  /// Names of `status.images`, as they stand there; nil when the list may be cut (50 entries by default), as absence
  /// then means nothing.
  package var listed: [String]?
  package var agent = Agent.none
  /// Its kubelet frees its disk, so nothing is pulled there.
  package var hasDiskPressure = false
  /// What the condition `prepull.dev/Warm` says now; nil when the node has none.
  package var isMarkedWarm: Bool?

  package init(facts: NodeFacts, createdAt: Duration) {
    self.facts = facts
    self.createdAt = createdAt
  }
}
