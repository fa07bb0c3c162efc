import CUnpacking
package import SystemPackage
import Glibc

/// Folders that a layer's files lie in although none of its entries names them.
package enum ImplicitFolders {
  /// Copies mode, owner and xattrs to folders of an unpacked layer that no entry named from the nearest lower layer that
  /// has them. A lower layer's own links are followed, but not out of its root; in the unpacked layer none is.
  ///
  /// It is the same as with containerd, which does it when it makes a folder, but for one thing: where an entry names a
  /// folder after what lies in it, that folder keeps no attribute of a lower layer's, and hands on no group of it.
  ///
  /// - Parameter lower: roots of the lower layers' `fs` folders, nearest first.
  package static func complete(_ folders: [[UInt8]], in folder: FilePath, lower: [FilePath]) throws {
    if folders.isEmpty || lower.isEmpty { return }
    let root = try OpenFolder(at: folder.string)
    let implicit = Set(folders)
    // A folder was made before what lies in it.
    for path in folders.sorted(by: { $0.count < $1.count }) {
      let shown = UnpackError.shown(path)
      guard let target = root.folder(path) else { throw UnpackError.system("open the folder \(shown)") }
      if try copyNearest(path, to: target, lower, shown) { continue }
      // One that is new in a folder with setgid has got its group.
      let parent = FolderPath.split(path).parent
      guard implicit.contains(parent), let above = root.folder(parent),
        let status = try? Stat(FileDescriptor(rawValue: above.descriptor)), status.permissions.contains(.setGroupID)
      else { continue }
      guard fchown(target.descriptor, uid_t.max, status.groupID.rawValue) == 0 else {
        throw UnpackError.system("set the group of \(shown)")
      }
    }
  }

  /// - Returns: whether a lower layer has the folder.
  private static func copyNearest(
    _ path: [UInt8], to target: borrowing OpenFolder, _ lower: [FilePath], _ shown: String
  ) throws -> Bool {
    for layer in lower {
      switch try look(for: path, in: OpenFolder(at: layer.string), "\(shown) in \(layer)") {
      case .nothing: continue
      // Replaced by a file, or hidden by a whiteout there: what lies deeper does not count.
      case .file: return false
      case .folder(let folder):
        try copy(from: folder, to: target, shown)
        return true
      }
    }
    return false
  }

  private enum Found: ~Copyable {
    case folder(OpenFolder)
    case file, nothing
  }

  private static func look(
    for path: [UInt8], in layer: borrowing OpenFolder, _ shown: String
  ) throws(UnpackError) -> Found {
    let number = prepull_find_in_root(layer.descriptor, FolderPath.c(path))
    guard number >= 0 else {
      switch errno {
      case ENOENT: return .nothing
      // Kernels before 5.6, and containers that forbid what they do not know.
      case ENOSYS, EPERM: throw UnpackError(.unsupported, "this kernel cannot look for \(shown) (openat2)")
      // It lies in a file there. containerd refuses such a layer.
      case ENOTDIR: throw UnpackError(.unsupported, "cannot look for \(shown), since a file is in its way")
      default: throw .system("look for \(shown)")
      }
    }
    let found = OpenFolder(owning: number)
    guard let status = try? Stat(FileDescriptor(rawValue: number)) else { throw .system("look at \(shown)") }
    guard status.type == .directory else { return .file }
    guard let folder = OpenFolder.step(found.descriptor, Array(".".utf8)) else { throw .system("open \(shown)") }
    return .folder(folder)
  }

  private static func copy(
    from source: borrowing OpenFolder, to target: borrowing OpenFolder, _ shown: String
  ) throws(UnpackError) {
    guard let status = try? Stat(FileDescriptor(rawValue: source.descriptor)) else { throw .system("look at \(shown)") }
    guard fchown(target.descriptor, status.userID.rawValue, status.groupID.rawValue) == 0,
      fchmod(target.descriptor, status.permissions.rawValue) == 0
    else { throw .system("set owner and mode of \(shown)") }
    // With something in it, it was changed today.
    if (try? Removal.entries(target.descriptor))?.isEmpty == true {
      futimens(target.descriptor, [status.st_atim, status.st_mtim])
    }
    for name in try attributes(of: source, shown) where !name.starts(with: Array("trusted.".utf8)) {
      let cName = FolderPath.c(name)
      let size = fgetxattr(source.descriptor, cName, nil, 0)
      guard size >= 0 else { throw .system("read the attributes of \(shown)") }
      var value = [UInt8](repeating: 0, count: size)
      guard fgetxattr(source.descriptor, cName, &value, size) == size else {
        throw .system("read the attributes of \(shown)")
      }
      // What it has by itself stays, as the label that a security module gave it.
      guard
        fsetxattr(target.descriptor, cName, value, size, Int32(XATTR_CREATE)) == 0
          || [ENOTSUP, EEXIST, ENODATA].contains(errno)
      else {
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
