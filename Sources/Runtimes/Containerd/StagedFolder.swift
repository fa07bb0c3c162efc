import SystemPackage
import Unpacking

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An unpacked layer before it is a snapshot.
struct StagedFolder: Hashable, Sendable {
  let path: FilePath
  /// Those that no entry of the layer named.
  var implicitFolders: [[UInt8]] = []

  static func make(_ path: FilePath) throws -> StagedFolder {
    try FastFault.checking("make the folder", path, path.withPlatformString { mkdir($0, 0o755) })
    // Whatever the mask of the process.
    try FastFault.checking("change the mode of", path, path.withPlatformString { chmod($0, 0o755) })
    return StagedFolder(path: path)
  }

  /// Moves it into a prepared snapshot, in place of the empty folder there.
  ///
  /// - Parameter root: where all snapshots are.
  func move(to folders: SnapshotFolders, below root: FilePath) throws {
    let upper = folders.upper
    guard upper.starts(with: root), !upper.components.contains(where: { $0.kind != .regular }) else {
      throw FastFault(.unsupported, "the snapshotter has its files in \(upper), which is not below \(root)")
    }
    try ImplicitFolders.complete(implicitFolders, in: path, lower: folders.lower)
    try inherit(from: upper)
    try FastFault.checking("remove the folder", upper, upper.withPlatformString { rmdir($0) })
    try FastFault.checking(
      "move a layer to", upper, path.withPlatformString { from in upper.withPlatformString { rename(from, $0) } })
  }

  /// Gives the layer's own folder the owner and the mode that the snapshotter gave its own, where the layer says nothing.
  private func inherit(from upper: FilePath) throws {
    var (status, own) = (stat(), stat())
    try FastFault.checking("look at", upper, upper.withPlatformString { lstat($0, &status) })
    try FastFault.checking("look at", path, path.withPlatformString { lstat($0, &own) })
    guard own.st_uid == 0, own.st_gid == 0, own.st_mode & 0o7777 == 0o755 else { return }
    try FastFault.checking(
      "change the owner of", path, path.withPlatformString { lchown($0, status.st_uid, status.st_gid) })
    try FastFault.checking(
      "change the mode of", path, path.withPlatformString { chmod($0, status.st_mode & 0o7777) })
  }

  func remove() { try? removeUnpacked(path) }
}
