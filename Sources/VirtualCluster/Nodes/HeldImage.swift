package import ImageModel

/// An image as a virtual node has it.
package struct HeldImage: Hashable, Sendable {
  /// Canonical, as the pod named it.
  package let reference: Reference
  /// Of the index or manifest that was pulled.
  package let digest: Digest
  /// The runtime's identifier, the digest of the configuration: one for the same content, whatever it is called.
  package let id: String
  package let sizeBytes: Int64
  /// All names of this content on the node, in containerd's order; empty where only this one is known.
  var names: [Reference] = []

  init(reference: Reference, digest: Digest, id: String, sizeBytes: Int64, names: [Reference] = []) {
    self.reference = reference
    self.digest = digest
    self.id = id
    self.sizeBytes = sizeBytes
    self.names = names
  }

  /// What pods' statuses show as `imageID`: the first of the content's names that has a digest, `repository@sha256:…`.
  /// That may be another repository's, or the digest of another index that leads to the same manifest.
  ///
  /// Source: containerd, `internal/cri/server/container_status.go`.
  package var imageID: String {
    (names.first { $0.digest != nil } ?? reference.at(digest)).description
  }

  /// What pods' statuses show as `image`: the first of the content's tags, else the runtime's identifier.
  package var statusName: String {
    names.first { $0.tag != nil && $0.digest == nil }?.description
      ?? (reference.digest == nil ? reference.description : id)
  }

  /// A name as containerd keeps it: without the tag where there is a digest.
  static func key(_ reference: Reference) -> Reference { reference.digest.map(reference.at) ?? reference }

  /// Tags before digests, each in the order of their text.
  static func sorted(_ names: some Sequence<Reference>) -> [Reference] {
    names.map { (rank: $0.digest == nil ? 0 : 1, text: $0.description, name: $0) }
      .sorted { ($0.rank, $0.text) < ($1.rank, $1.text) }.map(\.name)
  }
}

/// Why a pull failed, in the words in which a container runtime tells the kubelet.
struct PullFailure: Error, Hashable, Sendable {
  let message: String
}
