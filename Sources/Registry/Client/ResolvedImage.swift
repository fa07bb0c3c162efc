package import ImageModel

/// What a reference stands for on one platform.
package struct ResolvedImage: Hashable, Sendable {
  package let reference: Reference
  /// What the reference points at: an index, or the manifest itself.
  package let descriptor: Descriptor
  /// Platform of the image that was chosen, which may be an older variant of the one asked for.
  package let platform: Platform
  package let manifestDescriptor: Descriptor
  package let manifest: Manifest
  /// The index if there is one, the manifest, and the configuration where it had to be read to learn the platform.
  package let documents: [Document]
  /// What the registry lets us pull, if it said.
  package let rateLimit: RateLimit?

  package init(
    reference: Reference, descriptor: Descriptor, platform: Platform, manifestDescriptor: Descriptor,
    manifest: Manifest, documents: [Document], rateLimit: RateLimit? = nil
  ) {
    self.reference = reference
    self.descriptor = descriptor
    self.platform = platform
    self.manifestDescriptor = manifestDescriptor
    self.manifest = manifest
    self.documents = documents
    self.rateLimit = rateLimit
  }

  /// Bytes that a pull transfers when nothing of the image is there yet, without manifests.
  package var compressedSize: Int64 { manifest.compressedSize }
}
