/// An image index (OCI) or manifest list (Docker): one manifest per platform. Source: image-index.md.
package struct Index: Codable, Hashable, Sendable {
  package var schemaVersion: Int
  package var mediaType: String?
  package var manifests: [Descriptor]
  package var annotations: [String: String]?

  package init(
    mediaType: String? = MediaType.ociIndex, manifests: [Descriptor], annotations: [String: String]? = nil
  ) {
    self.schemaVersion = 2
    self.mediaType = mediaType
    self.manifests = manifests
    self.annotations = annotations
  }

  /// The images of the index, without attestations and other artifacts that run nowhere.
  package var images: [Descriptor] {
    manifests.filter { entry in
      entry.artifactType == nil && entry.platform?.architecture != "unknown"
        && entry.annotations?["vnd.docker.reference.type"] != "attestation-manifest"
    }
  }
}
