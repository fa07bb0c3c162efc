package import Kubernetes
package import ImageModel

/// What happens while a cluster is warmed. Images are named by their index in the request.
package enum RunEvent: Sendable {
  /// The nodes are known and the work begins. Comes once, first.
  case planned(nodes: [String], images: [String])
  case nodeStarted(node: String)
  /// The kubelet began to pull.
  case imagePulling(node: String, image: Int)
  /// The kubelet says that it pulled the image. The cell turns warm later, when the pod's status proves it.
  case imagePulled(node: String, image: Int, duration: Duration?, bytes: Int64?)
  /// The kubelet found the image on the node.
  case imagePresent(node: String, image: Int)
  /// A try failed; when `isFinal`, the image is given up on this node.
  case imageFailed(node: String, image: Int, WarmFailure, isFinal: Bool)
  /// How a cell stands now. Comes whenever that changes, so that these alone make the coverage.
  case cell(node: String, image: Int, Coverage.Cell)
  /// A node that was begun gives its place to others until seeds hold what it lacks.
  case nodeWaits(node: String)
  /// How many nodes wait for seeds; nil when none does any more.
  case seedWait(SeedWait?)
  case nodeFinished(node: String, NodeOutcome)
  /// A node came while the run went on, and is warmed too.
  case nodeAdded(node: String)
  /// A node left the cluster and is forgotten.
  case nodeGone(node: String)
  /// A node that was chosen is left out, and why.
  case nodeSkipped(node: String, NodeVerdict.SkipReason)
  /// No pod of ours can run on a node that was chosen.
  case nodeUnsupported(node: String, reason: String)
  /// A pod was refused or lost for a reason that is not the images'; the node is tried again after the wait.
  case podRetried(node: String, reason: String, after: Duration)
  /// The API server does not answer; what happens meanwhile is learnt when it does.
  case connectionLost(reason: String)
  case connectionRestored
  /// No further node is begun, and why.
  case stopping(StopReason)
  case cleaningUp
  case cleanedUp(CleanupOutcome)
  case warning(String)
}
