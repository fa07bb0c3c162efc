import CUnpacking
import SystemPackage
import Glibc

/// Makes one entry of a layer in its folder, where nothing of that name is but a folder for a folder.
struct EntryWriter {
  let folder: FolderCursor.Place
  let name: [CChar]
  let path: [UInt8]
  let entry: LayerEntry

  /// - Parameter content: writes a file's content. A hard link is there already.
  func write(_ content: (Int32) throws(UnpackError) -> Void) throws(UnpackError) {
    switch entry.kind {
    case .file:
      let file = openat(folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard file >= 0 else { throw failure("make the file") }
      defer { close(file) }
      try content(file)
      try describe(file)
    case .folder:
      guard mkdirat(folder.descriptor, name, 0o700) == 0 || errno == EEXIST else { throw failure("make the folder") }
      guard let made = OpenFolder.step(folder.descriptor, name.dropLast().map { UInt8(bitPattern: $0) }) else {
        throw failure("open the folder")
      }
      try describe(made.descriptor)
    case .symlink(let target):
      guard symlinkat(FolderPath.c(target), folder.descriptor, name) == 0 else { throw failure("make the link") }
      try describe(isLink: true)
    case .hardLink:
      try describe(isLink: folder.type(of: name) == .symbolicLink)
    case .node(let kind, let device):
      guard mknodat(folder.descriptor, name, kind | entry.mode, device) == 0 else {
        throw failure("make the device or fifo")
      }
      try describe(isLink: false)
    }
  }

  /// Owner first, as changing it takes capabilities and setuid away.
  private func describe(_ file: Int32) throws(UnpackError) {
    guard fchown(file, entry.user, entry.group) == 0 else { throw failure("set the owner of") }
    try setAttributes { fsetxattr(file, $0, $1.baseAddress, $1.count, 0) }
    guard fchmod(file, entry.mode) == 0 else { throw failure("set the mode of") }
    guard futimens(file, entry.times) == 0 else { throw failure("set the time of") }
  }

  /// The same for what must not be opened.
  private func describe(isLink: Bool) throws(UnpackError) {
    guard fchownat(folder.descriptor, name, entry.user, entry.group, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw failure("set the owner of")
    }
    if !entry.attributes.isEmpty {
      // There is no such call for a name in an open folder.
      guard fchdir(folder.descriptor) == 0 else { throw failure("enter the folder of") }
      try setAttributes { lsetxattr(name, $0, $1.baseAddress, $1.count, 0) }
    }
    guard isLink || fchmodat(folder.descriptor, name, entry.mode, 0) == 0 else { throw failure("set the mode of") }
    guard utimensat(folder.descriptor, name, entry.times, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw failure("set the time of")
    }
  }

  private func setAttributes(_ set: ([CChar], UnsafeRawBufferPointer) -> Int32) throws(UnpackError) {
    for (name, value) in entry.attributes {
      // As containerd: what a layer must not say, and what the file system does not know, is left out.
      let label = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if label.hasPrefix("trusted.") { continue }
      guard value.withUnsafeBytes({ set(name, $0) }) != 0, errno != ENOTSUP else { continue }
      let number = errno
      // Those of security modules need rights that this process gave up.
      guard !(number == EPERM && label.hasPrefix("security.")) else {
        throw UnpackError(.unsupported, "\(shown) has the attribute \(label), which only the runtime can set")
      }
      throw .system("set the attribute \(label) of \(shown)", errno: number)
    }
  }

  private var shown: String { UnpackError.shown(path) }

  private func failure(_ action: String) -> UnpackError { .system("\(action) \(shown)") }
}
