package import ImageModel
package import Registry
package import Runtimes

/// What happens to one image while a node is being warmed.
package enum WarmEvent: Sendable {
  /// Work on the image begins.
  case started
  /// The registry said what the reference points at.
  case resolved(ResolvedImage)
  /// The registry cannot be asked from here, so the runtime resolves the reference by itself.
  case unresolved(RegistryError)
  /// What a person should know of how it is pulled.
  case note(String)
  case progress(PullProgress)
  /// A try failed; the next begins after the wait. `attempt` of `of` tries has failed.
  case retrying(attempt: Int, of: Int, after: Duration, cause: WarmFailure)
  case finished(WarmResult)
}

/// How it ended for one image.
package struct WarmResult: Sendable {
  package enum Outcome: Sendable {
    /// Pulled now, and confirmed by the runtime.
    case pulled
    /// The runtime held it already.
    case alreadyThere
    case failed(WarmFailure)
    /// Stopped by the user before the image was there.
    case cancelled
  }

  package let image: WantedImage
  package let outcome: Outcome
  /// The digest of the index or manifest that the runtime holds under the reference.
  package let digest: Digest?
  /// Compressed size where the registry said it, else the size that the runtime states. Bytes.
  package let sizeBytes: Int64?
  package let duration: Duration

  /// Whether the node holds the image.
  package var isWarm: Bool {
    switch outcome {
    case .pulled, .alreadyThere: true
    case .failed, .cancelled: false
    }
  }
}
