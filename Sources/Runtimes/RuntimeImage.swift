package import ImageModel

/// An image as a runtime holds it.
package struct RuntimeImage: Hashable, Sendable {
  /// The runtime's own identifier, as a rule the digest of the image configuration.
  package let id: String
  /// The references under which it is known, canonical where the runtime says so.
  package let references: [String]
  /// Digests of the index or manifest that it was pulled as.
  package let digests: [Digest]
  /// Size in bytes as the runtime counts it: unpacked for Docker, compressed for containerd and a layout.
  package let sizeBytes: Int64
  /// What it runs on, where the runtime says so.
  package let platform: Platform?

  package init(id: String, references: [String], digests: [Digest], sizeBytes: Int64, platform: Platform? = nil) {
    self.id = id
    self.references = references
    self.digests = digests
    self.sizeBytes = sizeBytes
    self.platform = platform
  }
}
