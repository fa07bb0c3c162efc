package import PrepullAPI
package import Runtimes

/// What the machine of an agent is told.
package enum AgentInput: Sendable {
  /// The WarmNode as it is now; nil where there is none.
  case record(AgentRecord?)
  /// The Node object as it is now; nil where there is none.
  case node(AgentNode?)
  /// What the runtime holds, asked after `AgentAction.list`.
  case images([RuntimeImage])
  /// The runtime did not answer.
  case unlisted
  /// The runtime told that something happened to an image.
  case changed(RuntimeChange)
  /// How large the image of a pull is that runs: bytes that it will take on the disk.
  case sized(image: String, bytes: Int64)
  case pullEnded(image: String, PullOutcome)
  /// Whether an image could be pinned, or released.
  case pinned(image: String, isPinned: Bool, succeeded: Bool)
  case removed(image: String, succeeded: Bool)
  /// Whether what was pinned before could be released: `AgentAction.releaseAll`.
  case swept(succeeded: Bool)
  case disk(ImageFileSystem)
  /// What the runtime is, and whether it can pin.
  case runtime(name: String, pinning: RuntimePinning)
  /// Whether fast pulls are used, with the reason where they are not.
  case fastPulls(isUsed: Bool, reason: String)
  /// What containers use: identifiers and references of images; nil where the runtime did not answer.
  case used(Set<String>?)
  /// Whether the status could be written.
  case written(succeeded: Bool)
  /// How often the status may be written while somebody looks.
  case watchInterval(Duration)
  /// The time by the API server's clock, since the beginning of 1970, at time zero of the machine.
  case clock(Duration)
  /// Something is due.
  case time
}

/// What an agent reads of its WarmNode.
package struct AgentRecord: Hashable, Sendable {
  package var uid: String
  /// Of the Node that owns it.
  package var nodeUID: String?
  package var wishes: [WarmNode.Wish]
  /// Whether the spec says what is wanted: an empty list is a word, none is not.
  package var isStated = true
  /// Since the beginning of 1970.
  package var watchedUntil: Duration?
  /// What an agent wrote before.
  package var agent: WarmNode.Agent?

  package init(uid: String, nodeUID: String?, wishes: [WarmNode.Wish]) {
    self.uid = uid
    self.nodeUID = nodeUID
    self.wishes = wishes
  }
}

/// What an agent reads of its Node.
package struct AgentNode: Hashable, Sendable {
  package var uid: String
  package var hasDiskPressure: Bool

  package init(uid: String, hasDiskPressure: Bool = false) {
    self.uid = uid
    self.hasDiskPressure = hasDiskPressure
  }
}

/// How a pull ended.
package enum PullOutcome: Hashable, Sendable {
  package struct Warm: Hashable, Sendable {
    package var digest: String?
    /// False where the runtime had it already.
    package var isPulled: Bool
    package var seconds: Double?
    /// Compressed.
    package var bytes: Int64?
    /// `Fast` or `Runtime`.
    package var way: String?

    package init(
      digest: String?, isPulled: Bool, seconds: Double? = nil, bytes: Int64? = nil, way: String? = nil
    ) {
      self.digest = digest
      self.isPulled = isPulled
      self.seconds = seconds
      self.bytes = bytes
      self.way = way
    }
  }

  case warm(Warm)
  /// With one word in CamelCase and a line for people.
  case failed(reason: String, message: String)
  /// There is no room for it now.
  case noRoom(bytes: Int64)
  case cancelled
}
