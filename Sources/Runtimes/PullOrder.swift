package import ImageModel
package import Registry

/// One image to pull, with what is known of it already.
package struct PullOrder: Sendable {
  package let reference: Reference
  package let platform: Platform
  /// The manifest as the registry gave it, where it could be asked from here.
  package let resolved: ResolvedImage?
  /// Why there is none.
  package var unresolved: RegistryError?
  /// The credential that the runtime is to use; `nil` leaves it to the runtime's own configuration.
  package let credential: RegistryCredential?
  /// Called before the registry client waits to try again, by a runtime that downloads with it: a layout.
  package let onRetry: (@Sendable (RegistryClient.Retry) -> Void)?
  /// Called with what a person should know of how it is pulled.
  package let onNote: (@Sendable (String) -> Void)?
  /// What a runtime that downloads with the registry client shows to registries, in place of what that client has.
  package var logins: (any CredentialSource)?
  /// Called when it is clear how it is pulled, by a runtime that has the choice.
  package var onWay: (@Sendable (PullWay) -> Void)?

  package init(
    reference: Reference, platform: Platform, resolved: ResolvedImage? = nil, credential: RegistryCredential? = nil,
    onRetry: (@Sendable (RegistryClient.Retry) -> Void)? = nil, onNote: (@Sendable (String) -> Void)? = nil
  ) {
    self.reference = reference
    self.platform = platform
    self.resolved = resolved
    self.credential = credential
    self.onRetry = onRetry
    self.onNote = onNote
  }
}

/// How an image is pulled.
package enum PullWay: Hashable, Sendable {
  /// By this program, and handed to the runtime.
  case fast
  /// By the runtime; `because` is a line for people, where there is one that holds for all images of this machine.
  case runtime(Reason, because: String? = nil)

  /// Why it is no fast pull.
  package enum Reason: String, Hashable, Sendable, CaseIterable {
    /// The image is so small that it makes no difference.
    case small
    /// Fast pulls cannot be done on this machine.
    case unavailable
    /// This image cannot be pulled so.
    case unsuitable
  }
}

/// How far a pull has come.
package struct PullProgress: Hashable, Sendable {
  /// The steps in their order.
  package enum Phase: Int, Sendable, Comparable {
    case waiting, downloading, unpacking, verifying

    package static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
  }

  package var phase: Phase
  /// Compressed bytes that are on the machine, those that were there before included.
  package var completedBytes: Int64
  /// Compressed bytes of the whole image, where known.
  package var totalBytes: Int64?

  package init(phase: Phase, completedBytes: Int64 = 0, totalBytes: Int64? = nil) {
    self.phase = phase
    self.completedBytes = completedBytes
    self.totalBytes = totalBytes
  }
}
