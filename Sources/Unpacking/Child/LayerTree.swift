import SystemPackage
import Glibc

/// The files of a layer that is being unpacked, below this process's own root.
///
/// It does what containerd does with the same entries in the same order: its `archive/tar.go` is what is meant by "as
/// containerd".
struct LayerTree: ~Copyable {
  private(set) var cursor: FolderCursor
  let isLowest: Bool
  /// Folders that no entry named, and those that hide what lower layers have in them: as they are now.
  private(set) var implicit: Set<[UInt8]> = []
  private(set) var opaque: Set<[UInt8]> = []
  /// Whose times are set at the end, as making files in them changes them.
  private var folders: [(path: [UInt8], times: [timespec])] = []

  /// - Parameter isLowest: nothing is below this layer, so that what it takes away can only be its own.
  init(isLowest: Bool) throws(UnpackError) {
    cursor = FolderCursor(root: try OpenFolder(at: "/"))
    self.isLowest = isLowest
  }

  /// Makes what an entry says. `content` writes a file's content.
  mutating func add(_ entry: LayerEntry, content: (Int32) throws(UnpackError) -> Void) throws(UnpackError) {
    // The root is the runtime's: containerd leaves it as it is too.
    guard !entry.path.isEmpty else { return }
    let (parent, name) = FolderPath.split(entry.path)
    var made: [[UInt8]] = []
    let place = try cursor.enter(parent) { made.append($0) }
    implicit.formUnion(made)
    if name.starts(with: Whiteout.prefix) { return try hide(name, in: place, entry) }
    let path = FolderPath.join(place.path, name)

    if let type = place.type(of: FolderPath.c(name)) {
      let isFolder = type == .directory
      if isFolder, entry.isFolder {
        implicit.remove(path)
      } else {
        try remove(name, in: place, isFolder: isFolder)
      }
    }
    if case .hardLink(let target) = entry.kind { try link(target, to: FolderPath.c(name), place.path) }
    // Another folder may be open by now. Links that led here may be gone, so it is found by where it is.
    let folder = try cursor.enter(place.path, onMissing: nil)
    try EntryWriter(folder: folder, name: FolderPath.c(name), path: path, entry: entry).write(content)
    if entry.isFolder { folders.append((entry.path, entry.times)) }
  }

  /// Sets the times of folders. One that was replaced hands its own to what took its place, as with containerd.
  mutating func finish() throws(UnpackError) {
    for folder in folders {
      var path = folder.path
      for _ in 0...255 {
        let (parent, name) = FolderPath.split(path)
        let place = try cursor.enter(parent, onMissing: nil)
        if let target = try FolderCursor.target(place.descriptor, name, shown: path) {
          path = FolderPath.clean(target.first == FolderPath.slash ? target : place.path + [FolderPath.slash] + target)
          if path.isEmpty { break }
          continue
        }
        guard utimensat(place.descriptor, FolderPath.c(name), folder.times, AT_SYMLINK_NOFOLLOW) == 0 else {
          throw .system("set the time of \(UnpackError.shown(path))")
        }
        break
      }
    }
  }

  /// Whiteouts take something away.
  private mutating func hide(_ name: [UInt8], in place: FolderCursor.Place, _ entry: LayerEntry) throws(UnpackError) {
    switch (try Whiteout(name, in: place.path), isLowest) {
    case (.opaque, false): opaque.insert(place.path)
    case (.opaque, true):
      // What this layer brought stays, but folders that no entry named.
      for path in implicit.sorted(by: { $0.count < $1.count })
      where FolderPath.isInside(path, place.path) && implicit.contains(path) {
        let (parent, name) = FolderPath.split(path)
        try remove(name, in: try cursor.enter(parent, onMissing: nil), isFolder: true)
      }
    case (.file(let hidden), true):
      guard let type = place.type(of: FolderPath.c(hidden)) else { return }
      try remove(hidden, in: place, isFolder: type == .directory)
    case (.file(let hidden), false):
      let name = FolderPath.c(hidden)
      guard mknodat(place.descriptor, name, S_IFCHR, 0) == 0,
        fchownat(place.descriptor, name, entry.user, entry.group, AT_SYMLINK_NOFOLLOW) == 0
      else { throw .system("hide \(UnpackError.shown(FolderPath.join(place.path, hidden)))") }
    }
  }

  private mutating func link(_ target: [UInt8], to name: [CChar], _ parent: [UInt8]) throws(UnpackError) {
    let (targetParent, targetName) = FolderPath.split(target)
    // Two folders are open at once here, and the cursor keeps one.
    let place = try cursor.enter(targetParent, onMissing: nil)
    guard let from = OpenFolder.step(place.descriptor, Array(".".utf8)) else {
      throw .system("open the folder \(UnpackError.shown(place.path))")
    }
    let to = try cursor.enter(parent, onMissing: nil)
    guard linkat(from.descriptor, FolderPath.c(targetName), to.descriptor, name, 0) == 0 else {
      throw .system("link to \(UnpackError.shown(target))")
    }
  }

  private mutating func remove(_ name: [UInt8], in place: FolderCursor.Place, isFolder: Bool) throws(UnpackError) {
    let path = FolderPath.join(place.path, name)
    do {
      try Removal.remove(name, in: place.descriptor)
    } catch {
      throw .system("remove \(UnpackError.shown(path))", errno: error.number)
    }
    cursor.forget()
    guard isFolder else { return }
    implicit = implicit.filter { $0 != path && !FolderPath.isInside($0, path) }
    opaque = opaque.filter { $0 != path && !FolderPath.isInside($0, path) }
  }
}
