import ImageModel
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The file of a blob that is being downloaded.
final class StagedBlob: Sendable {
  let descriptor: Descriptor
  let path: FilePath

  /// - Parameter name: of the file; unique in the run.
  init(node: FastNode, descriptor: Descriptor, name: String) {
    self.descriptor = descriptor
    path = node.staging.path.appending("\(descriptor.digest.encoded)-\(name)")
  }

  /// Takes over what another run had of it.
  ///
  /// - Returns: which ranges are there.
  func create(from leftover: PartialBlob) throws -> [Range<Int64>] {
    let content = try leftover.move(to: path).content
    // It may have been made ready to be the content store's.
    try FastFault.checking("change the mode of", path, path.withPlatformString { chmod($0, 0o600) })
    return content.ranges
  }

  /// Makes the file with room for the whole blob, so that a full disk is found before anything is fetched.
  func create() throws {
    try FastFault.naming("make", path) {
      let file = try FileDescriptor.open(
        path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
      defer { try? file.close() }
      let error = Errno(rawValue: posix_fallocate(file.rawValue, 0, off_t(descriptor.size)))
      // Some file systems cannot, or have no need to.
      guard [Errno(rawValue: 0), .notSupported, .invalidArgument].contains(error) else { throw error }
    }
  }

  /// Opens it for what is done with a blob: writing its bytes, or reading them.
  func open(_ mode: FileDescriptor.AccessMode) throws -> FileDescriptor {
    try FastFault.naming("open", path) { try FileDescriptor.open(path, mode, options: .closeOnExec) }
  }

  func write(_ bytes: [UInt8]) throws {
    let file = try open(.writeOnly)
    defer { try? file.close() }
    try FastFault.naming("write", path) { _ = try file.writeAll(bytes) }
  }

  /// Writes the content to the disk and puts the verified blob where the content store has its blobs, under a second name.
  func link(into root: FilePath) throws {
    let file = try open(.readOnly)
    defer { try? file.close() }
    guard fdatasync(file.rawValue) == 0 || errno == EINVAL else {
      throw FastFault(Errno(rawValue: errno), "write out", path)
    }
    try FastFault.checking("change the mode of", path, fchmod(file.rawValue, 0o444))
    let target = self.target(in: root)
    let result = path.withPlatformString { from in target.withPlatformString { Glibc.link(from, $0) } }
    guard result != 0, errno != EEXIST else { return }
    throw FastFault(Errno(rawValue: errno), "link", target)
  }

  func target(in root: FilePath) -> FilePath {
    root.appending("blobs").appending(descriptor.digest.algorithm.rawValue).appending(descriptor.digest.encoded)
  }

  func remove() {
    for path in [path, BlobRecord.path(beside: path)] { _ = path.withPlatformString { unlink($0) } }
  }

  /// Takes the blob back out of the store too; only for one that nobody wants.
  func removeAll(from root: FilePath) {
    _ = target(in: root).withPlatformString { unlink($0) }
    remove()
  }
}
