package import ImageModel

/// A manifest, an index or a configuration as the registry serves it, byte for byte; the digest was checked.
package struct Document: Hashable, Sendable {
  package let descriptor: Descriptor
  package let bytes: [UInt8]
  /// The type under which the registry sent a manifest, where it is none of a manifest and the document names its own.
  ///
  /// containerd and Docker Engine refuse such an answer.
  package let vagueType: String?

  package init(descriptor: Descriptor, bytes: [UInt8], vagueType: String? = nil) {
    self.descriptor = descriptor
    self.bytes = bytes
    self.vagueType = vagueType
  }
}
