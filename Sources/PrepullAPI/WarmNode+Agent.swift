extension WarmNode {
  /// What the node's agent shall do. Written by the controller, but for `watchedUntil`.
  package struct Spec: Codable, Hashable, Sendable {
    /// What the node shall hold, in the order in which it is pulled.
    package var images: [Wish]?
    /// While somebody looks, the agent tells how far its pulls are. Written by `prepull status --watch`, which renews it,
    /// by a manager of its own. RFC 3339.
    package var watchedUntil: String?

    package init() {}
  }

  /// An image that an agent shall hold.
  package struct Wish: Codable, Hashable, Sendable {
    /// As pods write it.
    package var image: String
    /// What the reference resolved to, any of which is right: the index, the manifest of the node's platform. Nil where
    /// it was not resolved: whatever the node holds under the reference is right then.
    package var digests: [String]?
    /// The pull that is asked for: where it failed, another value has it tried again. Opaque to agents, see
    /// ``Order``; nil where the node is only to go on holding it.
    package var order: String?
    /// Whether a node that holds another digest pulls again.
    package var refreshes: Bool?
    /// Whether it goes when no Prepull wants it any more: `spec.removal` of the Prepulls.
    package var removal: String?
    /// For a pull, in seconds. Half an hour when nil.
    package var timeoutSeconds: Int?
    /// `namespace/name` of the Prepulls that want it, of higher priority first.
    package var prepulls: [String]

    package init(image: String, prepulls: [String]) {
      self.image = image
      self.prepulls = prepulls
    }
  }

  /// What the agent of the node sees.
  package struct Agent: Codable, Hashable, Sendable {
    /// Of the Node object that it acts for.
    package var nodeUID: String?
    package var version: String?
    /// Name and version: `containerd 1.7.24`.
    package var runtime: String?
    /// `Ready`, `DiskPressure` (no pull, repair or pin meanwhile), `FastPulls`, `Pins`; each False or True with the
    /// reason.
    package var conditions: [APICondition]?
    package var imageFilesystem: FileSystem?
    package var images: [Held]?
    /// Images that it keeps from the kubelet's garbage collection, or may: wanted ones, and what it has still to release.
    /// Nil while it does not know.
    package var pins: Int?

    package init() {}
  }

  package struct FileSystem: Codable, Hashable, Sendable {
    package var usedBytes: Int64
    package var capacityBytes: Int64

    package init(usedBytes: Int64, capacityBytes: Int64) {
      self.usedBytes = usedBytes
      self.capacityBytes = capacityBytes
    }
  }

  package enum HeldState: String, Codable, CaseIterable, Sendable {
    case warm = "Warm"
    /// Being pulled, waiting for its turn, or for the disk.
    case pulling = "Pulling"
    case pending = "Pending"
    case failed = "Failed"
    /// It was here and is gone; it is pulled again, or backs off.
    case lost = "Lost"
  }

  /// How an image stands at the agent.
  package struct Held: Codable, Hashable, Sendable {
    package var image: String
    package var state: HeldState
    /// The order of the wish that this answers.
    package var order: String?
    /// What the runtime holds.
    package var digest: String?
    /// RFC 3339.
    package var warmSince: String?
    /// Of its pull by the agent.
    package var pullSeconds: Double?
    /// Compressed bytes of its pull by the agent.
    package var pulledBytes: Int64?
    /// How the agent pulled it: `Fast`, or `Runtime`.
    package var pulledBy: String?
    package var isPinned: Bool?
    /// How often it was lost in the last hour.
    package var losses: Int?
    /// Why it is not here, in one word in CamelCase and in a line with the remedy.
    package var reason: String?
    package var message: String?
    /// When the agent tries again by itself. RFC 3339.
    package var retryAfter: String?
    /// Only while somebody looks.
    package var progress: Progress?

    package init(image: String, state: HeldState) {
      self.image = image
      self.state = state
    }
  }

  package struct Progress: Codable, Hashable, Sendable {
    package var completedBytes: Int64
    package var totalBytes: Int64?
    package var bytesPerSecond: Int64?

    package init(completedBytes: Int64) { self.completedBytes = completedBytes }
  }
}
