import ImageModel
import SystemPackage

extension Layout {
  /// The file system of the folder or, as long as that is not there, of the nearest one above it.
  func fileSystem(usedBytes: Int64? = nil) -> ImageFileSystem {
    var path = root
    while !path.isEmpty, (try? Stat(path)) == nil { path.removeLastComponent() }
    return ImageFileSystem(path: path.isEmpty ? "." : path.string, usedBytes: usedBytes)
  }

  /// What all blobs take, and the beginnings of blobs.
  func usedBytes() throws -> Int64 {
    let paths = try storedDigests().map(blob) + names(in: ingest).map { ingest.appending($0) }
    return paths.reduce(0) { $0 + ((try? Stat($1))?.size ?? 0) }
  }

  /// Bytes of a blob that are still to come.
  func missingBytes(_ descriptor: Descriptor) -> Int64 {
    guard !has(descriptor) else { return 0 }
    let partial = (try? Stat(partial(descriptor.digest)))?.size ?? 0
    return max(0, descriptor.size - partial)
  }
}
