package import ImageModel

/// How a Prepull stands, in numbers that do not grow with the cluster.
package struct FleetSummary: Hashable, Sendable {
  package struct Nodes: Hashable, Sendable {
    /// All that follow but the unsupported ones.
    package var wanted: Int { reachable + unreachable }
    /// Those that are warm or can become so now.
    package var reachable: Int { warm + stale + pulling + pending + failed }
    package var warm = 0
    /// They hold another digest than the resolved one, and nothing is to be pulled again.
    package var stale = 0
    /// A pod of the Prepull pulls there now.
    package var pulling = 0
    package var pending = 0
    /// At least one image failed there.
    package var failed = 0
    package var unsupported = 0
    /// Of the unsupported ones: those without the agent that the plan needs.
    package var withoutAgent = 0
    /// Cold and cordoned, or cold and not ready for long: nothing is begun there until they are back.
    package var unreachable = 0

    package init() {}
  }

  package struct Image: Hashable, Sendable {
    package var reference: String
    package var warm = 0
    package var stale = 0
    package var pending = 0
    package var failed = 0
    package var unsupported = 0
    /// Its registry does not have or give it: one node at a time tries.
    package var refusal: WarmFailure?
    /// The last failure that still stands, with its node.
    package var lastFailure: WarmFailure?
    package var failedNode: String?

    package init(reference: String) { self.reference = reference }
  }

  /// Why cold nodes are not begun.
  package enum Blocker: UInt8, Hashable, Sendable, CaseIterable {
    /// Budgets are used up.
    case pacing
    /// Pods of others pull their images there.
    case busy
    /// An image failed, and is tried again later.
    case backingOff
    /// A pod was not taken by the node or was lost, and is tried again later.
    case noRoom
    /// Another Prepull's pod is at work there.
    case occupied
    /// Too many nodes failed.
    case paused
    case suspended
    /// The API server refuses the Prepull's pods.
    case refused
    /// The images of a gate go first there.
    case gated
    /// Its kubelet frees its disk.
    case disk
    /// The node's agent is not there yet, or not ready.
    case agent
    /// A few nodes pull first.
    case seeds
    /// It is none of the times in which nodes are begun.
    case closed
  }

  package var generation: Int64
  package var nodes = Nodes()
  package var images: [Image] = []
  /// More nodes failed than `maxFailures` allows.
  package var isPaused = false
  /// Nodes where an image failed, those that try it again now among them.
  package var failing = 0
  /// Every node that can be reached is warm or failed for good, or cannot be warm. Only of mode once.
  package var isComplete = false
  /// Why pods cannot be made at all: a quota, an admission policy.
  package var obstacle: WarmFailure?
  /// Pending nodes by what they wait for; empty entries are left out.
  package var blocked: [Blocker: Int] = [:]
  /// Why a node had no room, as an example.
  package var blockedExample: String?
  /// A pod of others that pulls its images, and where, as an example: `web/front-7d9 on node-1`.
  package var yieldsTo: String?
  /// What nodes wait for that wait for seeds.
  package var seedWait: SeedWait?
  /// Some of the unreachable nodes by name, each with the reason: `node-1 (cordoned)`.
  package var unreachableExamples: [String] = []

  package init(generation: Int64) { self.generation = generation }

  /// Whether every node that can be reached holds every image that it can hold, and there is one.
  package var isReady: Bool { nodes.warm == nodes.reachable && nodes.warm > 0 }
}
