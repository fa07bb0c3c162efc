package import ImageModel

/// A manifest, an index or a configuration as the registry serves it, byte for byte; the digest was checked.
package struct Document: Hashable, Sendable {
  package let descriptor: Descriptor
  package let bytes: [UInt8]

  package init(descriptor: Descriptor, bytes: [UInt8]) {
    self.descriptor = descriptor
    self.bytes = bytes
  }
}
