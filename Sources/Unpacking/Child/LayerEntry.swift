import CUnpacking
import Glibc

/// What a tar entry says.
struct LayerEntry {
  enum Kind {
    case folder, file
    case symlink([UInt8])
    case hardLink([UInt8])
    /// A device or a fifo: what kind it is, as in its mode, and its number.
    case node(mode_t, dev_t)
  }

  let path: [UInt8]
  let kind: Kind
  let size: Int64
  let mode: mode_t
  let user: uid_t
  let group: gid_t
  /// Access and modification, as containerd sets them.
  let times: [timespec]
  /// In the order in which they are to be set.
  let attributes: [(name: [CChar], value: [UInt8])]

  /// - Parameter letter: the type in its header, where that is known. libarchive takes types for files that containerd
  ///   refuses, and a file for a folder where its name ends in a slash.
  init(_ entry: OpaquePointer, letter: UInt8?) throws(UnpackError) {
    guard let name = archive_entry_pathname(entry) else {
      throw UnpackError(.layer, "an entry of the layer has no name")
    }
    let path = Self.bytes(name)
    self.path = FolderPath.clean(path)
    size = archive_entry_size(entry)
    mode = archive_entry_perm(entry) & 0o7777
    user = uid_t(truncatingIfNeeded: archive_entry_uid(entry))
    group = gid_t(truncatingIfNeeded: archive_entry_gid(entry))
    times = Self.times(entry)
    attributes = Self.attributes(entry)
    if let target = archive_entry_hardlink(entry) {
      kind = .hardLink(FolderPath.clean(Self.bytes(target)))
      return
    }
    let type = archive_entry_filetype(entry)
    if let letter, !"\0".utf8.contains(letter), !"0123456".utf8.contains(letter) {
      let shown = String(UnicodeScalar(letter)).debugDescription
      throw UnpackError(
        .unsupported, "the entry \(UnpackError.shown(self.path)) has the type \(shown), which runtimes refuse")
    }
    switch type {
    case S_IFDIR where letter == UInt8(ascii: "0"): kind = .file
    case S_IFDIR: kind = .folder
    case S_IFREG: kind = .file
    case S_IFLNK: kind = .symlink(archive_entry_symlink(entry).map(Self.bytes) ?? [])
    case S_IFCHR, S_IFBLK, S_IFIFO: kind = .node(type, archive_entry_rdev(entry))
    default:
      throw UnpackError(.unsupported, "the entry \(UnpackError.shown(self.path)) is of a kind that is not known")
    }
  }

  var isFolder: Bool { if case .folder = kind { true } else { false } }

  private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
  }

  /// A file is read no earlier than it was written, and a time that does not fit counts as none.
  private static func times(_ entry: OpaquePointer) -> [timespec] {
    let modified = timespec(tv_sec: Int(archive_entry_mtime(entry)), tv_nsec: archive_entry_mtime_nsec(entry))
    var access = modified
    if archive_entry_atime_is_set(entry) != 0 {
      access = timespec(tv_sec: Int(archive_entry_atime(entry)), tv_nsec: archive_entry_atime_nsec(entry))
    }
    return [later(access, modified), modified].map { time in
      // The last second that 64 bits of nanoseconds hold.
      (0...9_223_372_035).contains(time.tv_sec) ? time : timespec(tv_sec: 0, tv_nsec: 0)
    }
  }

  private static func later(_ one: timespec, _ other: timespec) -> timespec {
    (one.tv_sec, one.tv_nsec) > (other.tv_sec, other.tv_nsec) ? one : other
  }

  /// libarchive gives the last one first.
  private static func attributes(_ entry: OpaquePointer) -> [(name: [CChar], value: [UInt8])] {
    guard archive_entry_xattr_reset(entry) > 0 else { return [] }
    var attributes: [(name: [CChar], value: [UInt8])] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK, let found = name {
      attributes.append((FolderPath.c(bytes(found)), Array(UnsafeRawBufferPointer(start: value, count: size))))
    }
    return attributes.reversed()
  }
}
