/// What a layer's bytes are packed with.
///
/// As containerd does, the child looks at the bytes: what is said to be packed may be packed in another of these ways, or
/// not at all. Only `none` is taken as it comes.
package enum LayerCompression: String, Sendable, CaseIterable { case none, gzip, zstd }

/// How much a layer may ask of this machine.
package struct UnpackLimits: Hashable, Sendable {
  /// Of the tar stream, and of all its files together, holes included.
  package var bytes: Int64
  /// Entries of any kind.
  package var files: Int
  /// Of processor time.
  package var seconds: Int

  package init(bytes: Int64, files: Int, seconds: Int) {
    self.bytes = bytes
    self.files = files
    self.seconds = seconds
  }
}
