package import ImageModel

/// What came out of a layer.
package struct UnpackedLayer: Hashable, Sendable {
  /// SHA-256 of the tar stream, counted by the child.
  package var diffID: Digest
  /// Of the tar stream.
  package var bytes: Int64
  /// Entries of the tar stream.
  package var files: Int
  /// Folders made although no entry named them, relative to the layer's root, as bytes; parents before their children.
  package var implicitFolders: [[UInt8]]

  package init(diffID: Digest, bytes: Int64, files: Int, implicitFolders: [[UInt8]]) {
    self.diffID = diffID
    self.bytes = bytes
    self.files = files
    self.implicitFolders = implicitFolders
  }
}
