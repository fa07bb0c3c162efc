import Glibc

/// An open folder. Everything in it is reached from its descriptor, so that no link on the way leads elsewhere.
struct OpenFolder: ~Copyable {
  let descriptor: Int32

  init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Opens a folder, which the last part of the path must be itself.
  init(at path: String) throws(UnpackError) {
    let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard opened >= 0 else { throw .system("open the folder \(path)") }
    descriptor = opened
  }

  /// Opens what lies below, one part of the path after the other and no link among them; nil with `errno` where that is
  /// no folder.
  func folder(_ path: [UInt8]) -> OpenFolder? {
    var current = Self.step(descriptor, CollectionOfOne(UInt8(ascii: ".")))
    for part in path.split(separator: FolderPath.slash) {
      guard let open = current?.descriptor else { return nil }
      // A part of `..` would lead out.
      guard !part.elementsEqual("..".utf8) else {
        errno = EINVAL
        return nil
      }
      current = Self.step(open, part)
    }
    return current
  }

  /// Opens a folder that lies directly in another.
  static func step(_ folder: Int32, _ name: some Collection<UInt8>) -> OpenFolder? {
    let opened = openat(folder, FolderPath.c(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    return opened < 0 ? nil : OpenFolder(owning: opened)
  }
}
