package import ImageModel

/// What a reference stands for in its registry, on each of the platforms that were asked for.
package struct ImageResolution: Hashable, Sendable {
  /// The image of one platform.
  package struct Variant: Hashable, Sendable {
    package var digest: Digest
    /// Digest of the configuration, by which some runtimes name an image.
    package var configDigest: Digest
    /// Compressed size, bytes.
    package var sizeBytes: Int64

    package init(digest: Digest, configDigest: Digest, sizeBytes: Int64) {
      self.digest = digest
      self.configDigest = configDigest
      self.sizeBytes = sizeBytes
    }
  }

  /// Of the index, or of the manifest where there is no index.
  package var digest: Digest
  /// The platforms that the image says to exist for; empty when it does not say.
  package var platforms: [Platform]
  /// The variants by the keys of the platforms of the nodes that would pull them.
  package var variants: [String: Variant]

  package init(digest: Digest, platforms: [Platform], variants: [String: Variant]) {
    self.digest = digest
    self.platforms = platforms
    self.variants = variants
  }

  /// Whether a node of this platform can pull it.
  package func supports(_ platform: Platform) -> Bool {
    variants[platform.key] != nil || platforms.isEmpty || platforms.contains { platform.runs($0) }
  }

  /// Every digest by which a runtime may name this image.
  package var knownDigests: Set<Digest> {
    variants.values.reduce(into: [digest]) { $0.formUnion([$1.digest, $1.configDigest]) }
  }
}
