import SystemPackage
import Glibc

/// Finds the folders that entries lie in, as containerd does: links are followed, but never out of the layer's root, and
/// what is missing is made.
struct FolderCursor: ~Copyable {
  private let root: OpenFolder
  /// The last folder that was found: by what path, where it really is, and open.
  private var found: (asked: [UInt8], path: [UInt8])?
  private var current: OpenFolder?

  init(root: consuming OpenFolder) { self.root = root }

  /// A folder of the layer: its descriptor stays open until the next call.
  struct Place {
    let descriptor: Int32
    /// Its path, in which nothing is a link.
    let path: [UInt8]

    /// What a name stands for there, links not followed; nil for nothing.
    func type(of name: [CChar]) -> FileType? {
      try? Stat(name, relativeTo: FileDescriptor(rawValue: descriptor), flags: .symlinkNoFollow).type
    }
  }

  /// Forgets what is known, since something was removed.
  mutating func forget() {
    found = nil
    current = nil
  }

  /// Opens the folder of a clean path.
  ///
  /// - Parameter onMissing: called with the path of each folder that is to be made; nil makes none.
  mutating func enter(_ asked: [UInt8], onMissing: (([UInt8]) -> Void)?) throws(UnpackError) -> Place {
    if let found, found.asked == asked, let descriptor = current?.descriptor {
      return Place(descriptor: descriptor, path: found.path)
    }
    var links = 0
    var path: [UInt8] = []
    var rest = asked.split(separator: FolderPath.slash).map(Array.init)[...]
    guard var folder = root.folder([]) else { throw .system("open the layer's root") }
    while let name = rest.popFirst() {
      if let target = try Self.target(folder.descriptor, name, shown: FolderPath.join(path, name)) {
        links += 1
        guard links <= 255 else {
          throw UnpackError(.layer, "\(UnpackError.shown(asked)) leads through too many links")
        }
        let start = target.first == FolderPath.slash ? target : path + [FolderPath.slash] + target
        rest = (FolderPath.clean(start).split(separator: FolderPath.slash).map(Array.init) + rest)[...]
        path = []
        guard let root = root.folder([]) else { throw .system("open the layer's root") }
        folder = root
        continue
      }
      path = FolderPath.join(path, name)
      // The longest path that Linux takes; containerd cannot go deeper either.
      guard path.count < 4096 else { throw UnpackError(.layer, "a folder's name is longer than 4,095 bytes") }
      if let next = OpenFolder.step(folder.descriptor, name) {
        folder = next
        continue
      }
      guard errno == ENOENT, let onMissing else { throw .system("open the folder \(UnpackError.shown(path))") }
      guard mkdirat(folder.descriptor, FolderPath.c(name), 0o755) == 0,
        let made = OpenFolder.step(folder.descriptor, name),
        // In a folder with setgid the new one has it too.
        fchmod(made.descriptor, 0o755) == 0
      else { throw .system("make the folder \(UnpackError.shown(path))") }
      onMissing(path)
      folder = made
    }
    let place = Place(descriptor: folder.descriptor, path: path)
    found = (asked, path)
    current = consume folder
    return place
  }

  /// Where a link leads; nil where there is none.
  static func target(_ folder: Int32, _ name: [UInt8], shown path: [UInt8]) throws(UnpackError) -> [UInt8]? {
    let size = 4096
    var failed: Int32 = 0
    let target = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let length = buffer.withMemoryRebound(to: CChar.self) {
        $0.baseAddress.map { readlinkat(folder, FolderPath.c(name), $0, size) } ?? -1
      }
      if length < 0 { failed = errno }
      count = max(0, length)
    }
    switch failed {
    case 0: return target
    case EINVAL, ENOENT: return nil
    default: throw .system("look at \(UnpackError.shown(path))", errno: failed)
    }
  }
}
