package import ImageModel

/// An image as a virtual node has it.
package struct HeldImage: Hashable, Sendable {
  /// Canonical, as the pod named it.
  package let reference: Reference
  /// Of the index or manifest that was pulled.
  package let digest: Digest
  package let sizeBytes: Int64

  /// What pods' statuses show: `repository@sha256:…`.
  package var imageID: String { "\(reference.name)@\(digest)" }
}

/// Why a pull failed, in the words in which a container runtime tells the kubelet.
struct PullFailure: Error, Hashable, Sendable {
  let message: String
}
