import SystemPackage

/// The folders of an overlayfs snapshot, as its mounts name them.
struct SnapshotFolders: Hashable, Sendable {
  /// Where the snapshot's own files go.
  let upper: FilePath
  /// Those of the snapshots below it, nearest first.
  let lower: [FilePath]

  init(upper: FilePath, lower: [FilePath]) {
    self.upper = upper
    self.lower = lower
  }

  /// - Throws: `FastFault` for mounts of another form.
  init(_ mounts: [Containerd_Services_Snapshots_V1_Mount]) throws {
    guard mounts.count == 1, let mount = mounts.first else { throw Self.unknown("\(mounts.count) mounts") }
    switch mount.type {
    // With nothing below it there is nothing to lay over.
    case "bind": self.init(upper: FilePath(mount.source), lower: [])
    case "overlay":
      func value(_ name: String) -> String? {
        mount.options.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
      }
      guard let upper = value("upperdir"), let lower = value("lowerdir"), !mount.options.contains("userxattr") else {
        throw Self.unknown(mount.options.joined(separator: ","))
      }
      self.init(upper: FilePath(upper), lower: lower.split(separator: ":").map { FilePath(String($0)) })
    default: throw Self.unknown(mount.type)
    }
  }

  private static func unknown(_ what: String) -> FastFault {
    FastFault(.unsupported, "the snapshotter mounts in a way that is not known here: \(what)")
  }
}
