/// An image manifest (OCI, or Docker schema 2): a configuration and the layers. Source: manifest.md.
package struct Manifest: Codable, Hashable, Sendable {
  package var schemaVersion: Int
  package var mediaType: String?
  package var artifactType: String?
  package var config: Descriptor
  /// From the base layer up.
  package var layers: [Descriptor]
  package var annotations: [String: String]?

  package init(mediaType: String? = MediaType.ociManifest, config: Descriptor, layers: [Descriptor]) {
    self.schemaVersion = 2
    self.mediaType = mediaType
    self.config = config
    self.layers = layers
  }

  /// Every blob that the image needs, each digest once.
  package var blobs: [Descriptor] {
    var seen: Set<Digest> = []
    return ([config] + layers).filter { seen.insert($0.digest).inserted }
  }

  /// Bytes on the wire: configuration and layers as the registry stores them.
  package var compressedSize: Int64 { blobs.reduce(0) { $0 + $1.size } }
}
