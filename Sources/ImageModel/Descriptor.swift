/// Points at content: its type, digest and size. Source: OCI image specification, descriptor.md.
package struct Descriptor: Codable, Hashable, Sendable {
  package var mediaType: String
  package var digest: Digest
  /// Size of the content in bytes.
  package var size: Int64
  /// Where else the content may be had (foreign layers).
  package var urls: [String]?
  package var annotations: [String: String]?
  /// For an entry of an index: what the manifest runs on.
  package var platform: Platform?
  package var artifactType: String?

  package init(
    mediaType: String, digest: Digest, size: Int64, urls: [String]? = nil, annotations: [String: String]? = nil,
    platform: Platform? = nil, artifactType: String? = nil
  ) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
    self.urls = urls
    self.annotations = annotations
    self.platform = platform
    self.artifactType = artifactType
  }
}
