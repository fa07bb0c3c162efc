package import Kubernetes
package import ImageModel

/// Which Prepull: another one under the same name is another Prepull.
package struct PrepullID: Hashable, Sendable {
  package let namespace: String
  package let name: String
  package let uid: String

  package init(namespace: String, name: String, uid: String) {
    self.namespace = namespace
    self.name = name
    self.uid = uid
  }

  /// `namespace/name`, by which people and WarmNodes name it.
  package var key: String { "\(namespace)/\(name)" }
}

/// An image that a Prepull wants, and what its registry says about it.
package struct FleetImage: Hashable, Sendable {
  /// As pods will write it.
  package var reference: String
  /// Host of its registry, for the budget.
  package var registry: String
  /// Nil when it was not resolved: whatever a node holds under the reference is then right.
  package var resolution: ImageResolution?
  /// The registry's own word, given to the credentials that the pods have, that it does not have it or give it. One node
  /// at a time tries nevertheless, as nodes may have credentials of their own.
  package var refusal: WarmFailure?

  package init(
    reference: String, registry: String, resolution: ImageResolution? = nil, refusal: WarmFailure? = nil
  ) {
    self.reference = reference
    self.registry = registry
    self.resolution = resolution
    self.refusal = refusal
  }
}

/// What a Prepull asks for, resolved and with all defaults.
package struct FleetPlan: Hashable, Sendable {
  package enum Mode: Hashable, Sendable { case once, keep }

  /// By which means nodes pull.
  package enum Engine: Hashable, Sendable {
    /// Pods that name the images.
    case kubelet
    /// The nodes' agents; `fallsBack`: the kubelets of nodes without one.
    case agent(fallsBack: Bool)
  }

  package struct Gate: Hashable, Sendable {
    /// Key of the taint.
    package var taint: String
    /// After which the taint goes although the node is cold.
    package var deadline: Duration

    package init(taint: String, deadline: Duration = .seconds(600)) {
      self.taint = taint
      self.deadline = deadline
    }
  }

  /// Of the spec. Another one makes failed images due at once.
  package var generation: Int64
  /// In order of priority, each reference once.
  package var images: [FleetImage]
  /// Whether nodes are ready or cordoned is the machine's own matter, and the gate's taint is tolerated in any case.
  package var nodes: NodeChoice
  package var mode = Mode.keep
  package var engine = Engine.kubelet
  /// The pull secrets of its pods.
  package var access = PullAccess.anonymous
  package var policy = PullPolicy.ifNotPresent
  /// Higher goes first; then the older one.
  package var priority = 0
  /// Since the Unix epoch.
  package var createdAt: Duration
  package var parallelism = Parallelism.percent(10)
  /// Pods at a time that pull from one registry, whichever Prepull they are for.
  package var perRegistry = 20
  package var maxFailures = Parallelism.percent(20)
  /// Nodes of each platform that pull an image first, before twice as many do, and so on; 0: all may begin at once.
  package var seeds = 0
  /// For one pod.
  package var timeout = Duration.seconds(30 * 60)
  /// The same on a Windows node.
  package var windowsTimeout = standardWindowsTimeout
  /// Pods that may fail on a node for an image before it counts as failed there.
  package var retries = 5
  /// Whether a node that holds another digest than the resolved one pulls again.
  package var refreshes = false
  /// How often nodes prove what they hold; never when nil.
  package var verifyEvery: Duration?
  package var gate: Gate?
  /// Begins nothing new.
  package var isSuspended = false
  /// It is none of the times in which nodes are begun. Who has a gate of it, and who lost an image, is begun all the same.
  package var isClosed = false
  /// Whether gates and lost images wait for the time too.
  package var closesAll = false
  /// Mode once, and done for this generation.
  package var isFinished = false
  /// Set where the plan comes to an end: its nodes have turns then.
  package var rollout: RolloutRules?

  /// Images of Windows are of many gigabytes, and their layers are unpacked one by one: half an hour and more for one of
  /// them is no failure.
  package static let standardWindowsTimeout = Duration.seconds(2 * 3600)

  package func timeout(on node: NodeFacts?) -> Duration { node?.os == "windows" ? windowsTimeout : timeout }

  package init(generation: Int64, images: [FleetImage], nodes: NodeChoice = NodeChoice(), createdAt: Duration) {
    self.generation = generation
    self.images = images
    self.nodes = nodes
    self.createdAt = createdAt
  }
}
