package import ImageModel

extension RolloutMachine {
  /// What was seen.
  package enum Input: Hashable, Sendable {
    /// A node is to be warm. `unsupported` are the images that have nothing for it, and why. Sent again, it changes
    /// nothing; with another uid it is another node.
    case nodeWanted(name: String, uid: String, unsupported: [Int: String])
    /// A node is not, or no longer, to be warm. Work that was begun is ended.
    case nodeUnwanted(name: String)
    /// A node left the cluster.
    case nodeGone(name: String)
    case podCreated(PodID)
    case podCreationFailed(PodID, CreationFailure)
    case podScheduled(PodID)
    case podUnschedulable(PodID, reason: String)
    /// A pod ended without its images being at fault, or was deleted by somebody else.
    case podLost(PodID, reason: String)
    /// Every container of a pod ran.
    case podSucceeded(PodID)
    case image(PodID, image: Int, ImageSignal)
    /// A warning about a pod that tells why nothing moves.
    case note(PodID, String)
    /// Time went on.
    case tick
    case stop(StopReason)
  }

  /// What is known of one image on one node.
  package enum ImageSignal: Hashable, Sendable {
    case pulling
    /// The kubelet says that the image is on the node; the pod's status has yet to confirm it.
    case pulled
    /// The node has the image.
    case held(Digest?, isStale: Bool)
    /// Another try failed. The kubelet tells each failure twice, in the pod's status and in an event.
    case failing(WarmFailure, FailureNature, by: Witness)

    package enum Witness: Hashable, Sendable { case status, event }
  }

  /// What to do, or to tell.
  package enum Action: Hashable, Sendable {
    case create(PodID, images: [Int])
    /// Make a pod that pulls nothing, and starts only where the images are on the node.
    case prove(PodID, images: [Int])
    case delete(PodID)
    case nodeAdded(String)
    case nodeStarted(String)
    case cell(node: String, image: Int, Coverage.Cell)
    case imageFailed(node: String, image: Int, WarmFailure, isFinal: Bool)
    case retrying(node: String, reason: String, after: Duration)
    case nodeFinished(String, NodeOutcome)
    case nodeGone(String)
    case stopping(StopReason)
  }

  struct NodeState: Sendable {
    let uid: String
    var cells: [CellState]
    /// The images that this node can hold, in the order of pulling, split over pods.
    let parts: [[Int]]
    /// The parts from here on wait for those before, but not for each other.
    let firstApart: Int
    var nextPart = 0
    var live: [Int: LivePod] = [:]
    var activeSince: Duration?
    /// Time at work in earlier turns, and of the waits between.
    var spent = Duration.zero
    /// Of pods that were refused or lost since an image last arrived.
    var podBackoff: Backoff<String>?
    /// Pods made.
    var pods = 0
    var note: String?
    /// Until when pods prove what the node holds, its time being over.
    var proofUntil: Duration?
    var outcome: NodeOutcome?
  }

  struct CellState: Sendable {
    var cell: Coverage.Cell
    var statusFailures = 0
    var eventFailures = 0
    /// Whether the kubelet said that the image is there.
    var isPulled = false
    /// The last one, and what it means.
    var failure: WarmFailure?
    var nature: FailureNature?

    var failures: Int { max(statusFailures, eventFailures) }
    var isSettled: Bool { cell.isSettled }
    /// Whether it holds up nothing any more.
    var isTried: Bool { isSettled || failures > 0 || isPulled }
  }

  struct LivePod: Sendable {
    let id: PodID
    let images: [Int]
    var isProof = false
    var isCreated = false
    /// When to ask for it again, after the API server did not answer.
    var createAt: Duration?
    var unschedulable: (since: Duration, reason: String)?
  }
}
