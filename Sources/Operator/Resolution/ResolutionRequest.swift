package import Warming
package import ImageModel

/// A reference, and the pull secrets with which registries are asked about it.
package struct ResolutionKey: Hashable, Sendable {
  /// Pull secrets of a namespace.
  package struct Access: Hashable, Sendable {
    package let namespace: String
    package let secrets: [String]
  }

  /// As pods write it.
  package let reference: String
  /// Nil without secrets, so that all namespaces share the answer.
  package let access: Access?

  package init(reference: String, namespace: String, secrets: [String] = []) {
    self.reference = reference
    access = secrets.isEmpty ? nil : Access(namespace: namespace, secrets: secrets)
  }
}

/// What somebody wants to know of a registry.
package struct ResolutionRequest: Hashable, Sendable {
  /// What the reference stood for, as far as is known from before.
  package struct Known: Hashable, Sendable {
    package let digest: Digest
    /// Since the Unix epoch.
    package let resolvedAt: Duration

    package init(digest: Digest, resolvedAt: Duration) {
      self.digest = digest
      self.resolvedAt = resolvedAt
    }
  }

  package let key: ResolutionKey
  /// How often the tag is resolved again; never when nil.
  package let refreshEvery: Duration?
  /// Holds until the next refresh, so that a restart changes nothing.
  package let known: Known?

  package init(_ key: ResolutionKey, refreshEvery: Duration? = nil, known: Known? = nil) {
    self.key = key
    self.refreshEvery = refreshEvery
    self.known = known
  }
}

/// What is known of a reference now.
package struct ResolutionAnswer: Hashable, Sendable {
  /// What it stands for: the last that could be had. Nil until a registry answered.
  package var resolution: ImageResolution?
  /// The digest that holds, known before its documents are.
  package var digest: Digest?
  /// When a registry last said what the tag stands for, since the Unix epoch.
  package var resolvedAt: Duration?
  /// Why the last question had no answer; what is above still holds.
  package var problem: WarmFailure?
  /// Whether the problem is the registry's no to the credentials that nodes have: they will hear the same. Nodes that
  /// hold the image keep it.
  package var isRefused = false

  package init() {}

  /// The registry's no, if it said so.
  package var refusal: WarmFailure? { isRefused ? problem : nil }
}
