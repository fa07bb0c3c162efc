import CUnpacking
package import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// Folders that a layer's files lie in although none of its entries names them.
package enum ImplicitFolders {
  /// Copies mode, owner and xattrs to folders of an unpacked layer that no entry named from the nearest lower layer that
  /// has them. A lower layer's own links are followed, but not out of its root; in the unpacked layer none is.
  ///
  /// - Parameter lower: roots of the lower layers' `fs` folders, nearest first.
  package static func complete(_ folders: [[UInt8]], in folder: FilePath, lower: [FilePath]) throws {
    if folders.isEmpty || lower.isEmpty { return }
    let root = try OpenFolder(at: folder.string)
    for path in folders {
      let shown = UnpackError.shown(path)
      guard let target = root.folder(path) else { throw UnpackError.system("open the folder \(shown)") }
      for layer in lower {
        let base = try OpenFolder(at: layer.string)
        guard let found = open(path, in: base) else {
          // Replaced by a file or hidden by a whiteout there: what lies deeper does not count.
          if errno == ENOTDIR || errno == ELOOP { break }
          guard errno == ENOENT else { throw UnpackError.system("look for \(shown) in \(layer)") }
          continue
        }
        try copy(from: found, to: target, shown)
        break
      }
    }
  }

  private static func open(_ path: [UInt8], in layer: borrowing OpenFolder) -> OpenFolder? {
    let found = prepull_open_in_root(layer.descriptor, FolderPath.c(path))
    if found >= 0 { return OpenFolder(owning: found) }
    // Kernels before 5.6, and containers that forbid what they do not know: without links then.
    return errno == ENOSYS || errno == EPERM ? layer.folder(path) : nil
  }

  private static func copy(
    from source: borrowing OpenFolder, to target: borrowing OpenFolder, _ shown: String
  ) throws(UnpackError) {
    var status = stat()
    guard fstat(source.descriptor, &status) == 0 else { throw .system("look at \(shown)") }
    guard fchown(target.descriptor, status.st_uid, status.st_gid) == 0,
      fchmod(target.descriptor, status.st_mode & 0o7777) == 0
    else { throw .system("set owner and mode of \(shown)") }
    for name in try attributes(of: source, shown) where !name.starts(with: Array("trusted.".utf8)) {
      let cName = FolderPath.c(name)
      let size = fgetxattr(source.descriptor, cName, nil, 0)
      guard size >= 0 else { throw .system("read the attributes of \(shown)") }
      var value = [UInt8](repeating: 0, count: size)
      guard fgetxattr(source.descriptor, cName, &value, size) == size else {
        throw .system("read the attributes of \(shown)")
      }
      guard fsetxattr(target.descriptor, cName, value, size, 0) == 0 || errno == ENOTSUP else {
        throw .system("set the attributes of \(shown)")
      }
    }
  }

  private static func attributes(of folder: borrowing OpenFolder, _ shown: String) throws(UnpackError) -> [[UInt8]] {
    let size = flistxattr(folder.descriptor, nil, 0)
    if size == 0 || (size < 0 && errno == ENOTSUP) { return [] }
    var list = [CChar](repeating: 0, count: max(0, size))
    guard size > 0, flistxattr(folder.descriptor, &list, size) == size else {
      throw .system("read the attributes of \(shown)")
    }
    return list.split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
  }
}
