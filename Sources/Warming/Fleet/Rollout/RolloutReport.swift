package import ImageModel

/// What happens in a rollout, for those who watch it. Images are named by their position in the plan.
package enum RolloutReport: Hashable, Sendable {
  case nodeAdded(String)
  case nodeStarted(String)
  /// How a cell stands now. Comes whenever that changes.
  case cell(node: String, image: Int, Coverage.Cell)
  /// A try failed; when `isFinal`, the image is given up on this node.
  case imageFailed(node: String, image: Int, WarmFailure, isFinal: Bool)
  /// A pod was refused or lost; the node is tried again after the wait.
  case retrying(node: String, reason: String, after: Duration)
  /// A node that was begun gives its place to others until seeds hold what it lacks.
  case nodeWaits(String)
  /// How many nodes wait for seeds; nil when none does any more.
  case seedWait(SeedWait?)
  case nodeFinished(String, NodeOutcome)
  case nodeGone(String)
  /// No further node is begun, and why.
  case stopping(StopReason)
}

/// How a rollout stands.
package struct RolloutState: Hashable, Sendable {
  /// A node's outcome, time at work and number of pods.
  package struct Node: Hashable, Sendable {
    package let name: String
    package let outcome: NodeOutcome?
    /// Nil when no pod was made.
    package let spent: Duration?
    package let pods: Int
  }

  /// The wanted nodes, those that came first at the front.
  package let coverage: Coverage
  /// In the same order.
  package let nodes: [Node]
  package let stopped: StopReason?
  package let retries: Int
}
