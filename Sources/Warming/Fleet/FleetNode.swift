package import Kubernetes

/// What the machine has to see of a node.
package struct FleetNode: Hashable, Sendable {
  package var facts: NodeFacts
  /// Since the Unix epoch.
  package var createdAt: Duration
  /// Differs after each boot.
  package var bootID = ""
  /// Names of `status.images`, as they stand there; nil when the list may be cut (50 entries by default), as absence
  /// then means nothing.
  package var listed: [String]?
  /// What the condition `prepull.dev/Warm` says now; nil when the node has none.
  package var isMarkedWarm: Bool?

  package init(facts: NodeFacts, createdAt: Duration) {
    self.facts = facts
    self.createdAt = createdAt
  }
}
