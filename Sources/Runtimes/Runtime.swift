package import ImageModel

/// Where images are kept and pulled on one machine: a CRI runtime, a Docker Engine, or an OCI image layout.
///
/// Every call has a time limit of its own and throws `RuntimeError`, or `CancellationError` when its task is cancelled.
package protocol Runtime: Sendable {
  /// Where this runtime listens or lies.
  var endpoint: RuntimeEndpoint { get }

  /// What it is, asked afresh.
  func identify() async throws -> RuntimeIdentity

  /// All images that it holds.
  func list() async throws -> [RuntimeImage]

  /// The image that the runtime would start for exactly this reference, or `nil`.
  func image(_ reference: Reference) async throws -> RuntimeImage?

  /// Pulls, and returns what the runtime itself then says it holds under the reference.
  ///
  /// - Parameter progress: called often, from any thread; `completedBytes` never goes back.
  func pull(_ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void) async throws -> RuntimeImage

  /// Removes a reference and what nothing else needs. `false`: it was not there.
  func remove(_ reference: Reference) async throws -> Bool

  /// The file system that the images are on.
  func space() async throws -> ImageFileSystem

  /// What happens to its images, as it tells by itself; nil where it does not tell, and has to be asked time and again.
  /// Ends with an error when the connection is lost, and when its reader is so far behind that it had better list again.
  /// What happened after the call returned is in it. A runtime may tell of it a moment before it answers so.
  func changes() async throws -> AsyncThrowingStream<RuntimeChange, any Error>?

  /// Whether images can be kept from the kubelet's garbage collection.
  func pinning() async throws -> RuntimePinning

  /// Keeps an image from the kubelet's garbage collection, or no longer. What is not there is left alone, and so are pins
  /// of others.
  ///
  /// All names of an image are pinned and released together. A pull by somebody else takes the pin from the tag, not from
  /// the image.
  func pin(_ reference: Reference, _ isPinned: Bool) async throws

  /// Releases what was pinned here, by this or an earlier run, and is not the image of one of these references: what a
  /// tag stood for before it moved, too.
  func unpin(allBut wanted: [Reference]) async throws

  /// The identifiers and references of images that containers use, whether these run or not, as `RuntimeImage` has them.
  func used() async throws -> Set<String>

  /// Remembers that an image is there because Prepull pulled it.
  func markPulled(_ reference: Reference) async throws

  /// Whether an image is there because Prepull pulled it, and nobody gave it another repository's name since.
  func isPulledByUs(_ reference: Reference) async throws -> Bool

  /// Whether somebody else pulls an image at the moment, as far as the runtime tells.
  func othersPull() async throws -> Bool
}

/// What a runtime tells of its images.
package enum RuntimeChange: Hashable, Sendable {
  /// One came, or is another now. By the name that the runtime has for it.
  case there(String)
  case gone(String)
}

/// Whether a runtime can pin images.
package enum RuntimePinning: Hashable, Sendable {
  case supported
  /// With the reason, for people: `containerd 1.6.20 knows no pins; 1.6.22 does`.
  case unsupported(String)
}

extension Runtime {
  package func changes() async throws -> AsyncThrowingStream<RuntimeChange, any Error>? { nil }
  package func pinning() async throws -> RuntimePinning { .unsupported("\(endpoint) knows no pins") }
  package func pin(_ reference: Reference, _ isPinned: Bool) async throws {}
  package func unpin(allBut wanted: [Reference]) async throws {}
  package func used() async throws -> Set<String> { [] }
  package func markPulled(_ reference: Reference) async throws {}
  package func isPulledByUs(_ reference: Reference) async throws -> Bool { false }
  package func othersPull() async throws -> Bool { false }
}
