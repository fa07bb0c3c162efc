package import ImageModel
package import PrepullAPI

/// What the machine of an agent wants done.
package enum AgentAction: Hashable, Sendable {
  /// Stores what is to be known after a restart, before anything that follows is done.
  case remember(PullMemory)
  case pull(PullTask)
  /// Ends a pull; `pullEnded` follows all the same.
  case cancel(image: String)
  case pin(image: String, Reference, Bool)
  case remove(image: String, Reference)
  /// Releases whatever was pinned, but these: by agents before this one, or what a tag stood for before it moved.
  case releaseAll(but: [Reference])
  /// Asks the runtime what it holds, and measures the disk.
  case list
  /// Asks what containers use.
  case askUsed
  /// Writes the status.
  ///
  /// - Parameter isWatched: somebody looks: how far pulls are is added.
  case write(WarmNode.Agent, isWatched: Bool)
}

/// A pull that is to be done.
package struct PullTask: Hashable, Sendable {
  /// The reference in its canonical form: what the machine calls the pull.
  package let image: String
  package let reference: Reference
  package let timeout: Duration
  /// Whether an image that is there under the reference does not do.
  package let refreshes: Bool
  /// Bytes that it may take on the disk; nil where that is not known.
  package let room: Int64?
}

/// What has to be known after a restart, by the canonical form of references.
package struct PullMemory: Codable, Hashable, Sendable {
  package struct Item: Codable, Hashable, Sendable {
    /// Whether the agent pulled it.
    package var isPulled = false
    package var isPinned = false
    /// Whether it may go once it is not wanted.
    package var isRemovable = false

    package init() {}
  }

  package var items: [String: Item] = [:]

  package init() {}
}
