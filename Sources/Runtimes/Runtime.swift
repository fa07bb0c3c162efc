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
}
