import TestKit

extension FastLab {
  /// What the layers of all images unpacked to: a text for each layer, in an order that does not depend on when it came.
  func files() async throws -> [String] { try await containerd.files() }

  /// What runs of this program left.
  func staging() throws -> [String] { try containerd.staging() }

  func leases() async throws -> [String] { try await containerd.leases() }

  /// The content store's folder.
  var content: String { containerd.content }
  var snapshots: String { containerd.snapshots }
}
