import Kubernetes
import Documents
import ImageModel

extension FleetMachine {
  // MARK: Nodes

  /// All that is known under a node's name. It stays while there are pods of the name, even without a node.
  struct NodeState: Sendable {
    let name: String
    /// Nil while no such node was seen.
    var facts: NodeFacts?
    /// Of the node that the memory below is about.
    var uid = ""
    var createdAt = Duration.zero
    /// When it was made, as a text that can be compared, and how many images it lists: by these nodes become seeds.
    var madeAt = ""
    var listedImages = 0
    var bootID = ""
    /// A pod of others that pulls its images there.
    var busyWith: String?
    var agent = NodeAgentState()
    /// Its kubelet frees its disk.
    var hasDiskPressure = false
    /// When images vanished last, the oldest first.
    var losses: [ImageNumber: [Duration]] = [:]
    /// A pod stood still there while the node was not ready: no other before it is.
    var awaitsReadiness = false
    /// After a pod was not taken or was lost, and why. In memory only: no image is at fault.
    var podBackoff: Backoff<String>? { didSet { if podBackoff == nil { lostPods = [:] } } }
    /// How many were not taken or lost since, by Prepull.
    var lostPods: [PlanIndex: Int] = [:]

    // What is remembered.
    var held = HeldImages()
    var failures: [FailureKey: Backoff<ImageFailure>] = [:]
    var gates = NodeGates()
    var checks = NodeChecks()
    /// When it held all that was wanted for the first time.
    var warmedAt: Duration?
    /// What its WarmNode said at the start, until that was compared with what is.
    var memory: NodeRecord?
    var isCompared = false

    /// Images for which the runtime stated the name of other content.
    var aliases: [HeldImages.Key: Alias] = [:]
    /// Images that a check did not find: a pull shows whether they were gone, or only closed to these secrets.
    var missing: Set<HeldImages.Key> = []

    /// One, except after somebody else made more, or for a node that was replaced under its name.
    var pods: [LivePod] = []
    /// The last ones that went.
    var goneUIDs: [String] = []
    /// For the Prepulls that chose it, the most important first.
    var statuses: [Status] = []
    var needsChoosing = true
    var markedWarm: Bool?

    /// Whether a pod pulls or is about to, so that there will be more to record soon.
    var isAtWork: Bool { pods.contains { $0.stage == .asked || $0.stage == .live } }
    /// Whether the node has the taint of a gate.
    var isGated: Bool { gates.isClosed }
    /// Whether pods of others go before ours. They cannot come to a gated node, but for a few that tolerate everything.
    var yields: Bool { busyWith != nil && !isGated }
  }

  /// An image for which the runtime stated the name of other content, so that its digest has to be proved: by a pod
  /// that names both the reference and the wanted digest, and pulls neither. In memory only.
  struct Alias: Sendable {
    /// Whether it may have changed since the last proof.
    var needsProof = true
    /// The wanted digest that it was shown not to be.
    var disproved: DigestNumber?
    /// Whether the registry was asked for it just before.
    var isFresh = false
  }

  /// An image that failed on a node for a Prepull.
  struct FailureKey: Hashable, Sendable {
    let owner: OwnerNumber
    let image: ImageNumber
  }

  /// How one Prepull stands on one node.
  struct Status: Sendable {
    let plan: PlanIndex
    /// The node cannot be warmed at all.
    let isUnsupported: Bool
    var platform = SeedPlatform(number: 0)
    /// By image of the plan; empty where it has no seeds.
    var roles: [SeedRole] = []
    /// By image of the plan; empty before the node is reconciled.
    var cells: [Cell] = []
    var share = PrepullCounts.Share()

    var state: State? { share.state }
  }

  /// How one image stands on one node for one Prepull.
  struct Cell: Hashable, Sendable {
    enum State: UInt8, CaseIterable, Sendable { case unsupported, warm, stale, pending, failed, refused }
    var state: State
    /// The node met a failure that does not heal by itself.
    var isFinal = false
  }

  enum State: UInt8, CaseIterable, Sendable { case warm, stale, pulling, pending, failed, unsupported, unreachable }

  // MARK: Plans

  struct PlanState: Sendable {
    let id: PrepullID
    let owner: OwnerNumber
    var plan: FleetPlan
    /// What the plan chooses, readiness aside, which is the machine's matter.
    var choice = NodeChoice()
    var isGone = true
    /// Its pull secrets.
    var access: AccessNumber
    /// A slot without a Prepull.
    var isFree = false

    // By image.
    var images: [ImageNumber] = []
    var positions: [ImageNumber: Int] = [:]
    var registries: [RegistryNumber] = []
    /// The digests that are right; nil when any is.
    var accepted: [Set<DigestNumber>?] = []
    /// The digests that the references stand for; nil where that is not known.
    var wantedDigests: [DigestNumber?] = []
    var refusals = Refusals()
    var supported: [String: [Bool]] = [:]

    // Over all nodes.
    var counts = PrepullCounts()
    var queue = NodeQueue()
    var growth = SeedGrowth()
    /// Pods at all.
    var pods = 0
    /// Creates under way.
    var asking = 0
    /// Why its pods are not made.
    var creationBackoff: Backoff<WarmFailure>?
    /// Nodes whose record still names it, after it is gone.
    var leaving = 0

    var isPaused = false
    var isComplete = false
    /// Whether its removal was reported; else nothing but its pods is known of it.
    var isRemovalSeen = false
    var blockedExample: String?
    var yieldsTo: String?

    var failuresAllowed: Int { plan.maxFailures.allowance(of: counts.wanted) }
    var begins: Bool { !isGone && !plan.isSuspended && !plan.isFinished }
  }
}
