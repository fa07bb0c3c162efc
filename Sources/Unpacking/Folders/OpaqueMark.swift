import CUnpacking
import Glibc

/// What makes overlayfs show nothing of the lower layers in a folder. It takes CAP_SYS_ADMIN, so the child cannot set it.
enum OpaqueMark {
  static let name = "trusted.overlay.opaque"

  static func set(on path: [UInt8], in root: borrowing OpenFolder) throws(UnpackError) {
    let action = "mark \(UnpackError.shown(path)) as opaque"
    guard let folder = root.folder(path) else { throw .system(action) }
    guard fsetxattr(folder.descriptor, name, "y", 1, 0) == 0 else { throw .system(action) }
  }
}
