import ImageModel
import Registry
import Runtimes

/// Where the images of a virtual node really are.
protocol ImageBackend: Sendable {
  /// Whether its pulls take the sandbox's time (``Pace``) and not real time.
  var isModelled: Bool { get }
  /// Whether it knows by itself under which names content is there, as a real runtime does.
  var keepsNames: Bool { get }
  /// How another program of the node reaches them; nil where there is nothing to reach.
  var place: RuntimeEndpoint? { get }
  func image(_ reference: Reference) async -> HeldImage?
  /// - Throws: ``PullFailure``, or `CancellationError`.
  func pull(_ reference: Reference, credential: RegistryCredential?) async throws -> HeldImage
  func images() async -> [HeldImage]
  func remove(_ reference: Reference) async
  /// Bytes that a pull will add; nil where only the pull tells.
  func missingBytes(_ reference: Reference) async -> Int64?
}
