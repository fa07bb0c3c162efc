import ImageModel
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Somebody else who writes a blob that is wanted here: the runtime for a kubelet, or another run of this program.
///
/// The runtime tells how far its own writes are; another run of this program writes into its staging folder.
struct Rival {
  let digest: Digest
  let ref: String
  /// How long it may show no sign of life.
  let patience: Duration
  /// Bytes that it has, as far as is known.
  private(set) var offset: Int64 = 0
  private var lastSign: Int64 = -1
  private var lastMove = ContinuousClock.now

  init(digest: Digest, ref: String, patience: Duration) {
    self.digest = digest
    self.ref = ref
    self.patience = patience
  }

  /// Whether it seems to be dead while it still holds the blob.
  var isGone: Bool { lastMove.duration(to: .now) > patience }

  /// Waits until the blob is there, or nothing moves for a while.
  ///
  /// The runtime is only asked to read: while it is asked for a ref that somebody holds, it does nothing else for up to a
  /// second.
  mutating func wait(_ store: ContainerdStore, _ node: FastNode, progress: (Int64) -> Void) async throws {
    let start = ContinuousClock.now
    while try await !store.has(blob: digest) {
      try await look(store, node)
      progress(offset)
      guard max(start, lastMove).duration(to: .now) < .seconds(2) else { return }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private mutating func look(_ store: ContainerdStore, _ node: FastNode) async throws {
    offset = max(offset, try await store.writing()[ref] ?? 0)
    let (parent, own, digest) = (node.staging.path.removingLastComponent(), node.staging.path, digest)
    let touched = try await FileWork.run { Self.newest(of: digest, in: parent, but: own) }
    let sign = offset + touched
    if sign != lastSign { (lastSign, lastMove) = (sign, .now) }
  }

  /// When another run last wrote the blob.
  private static func newest(of digest: Digest, in parent: FilePath, but own: FilePath) -> Int64 {
    var newest: Int64 = 0
    for run in (try? FolderNames.of(parent)) ?? [] where run.hasPrefix("run-") && parent.appending(run) != own {
      let folder = parent.appending(run)
      for name in (try? FolderNames.of(folder)) ?? [] where name.hasPrefix(digest.encoded) {
        var status = stat()
        guard folder.appending(name).withPlatformString({ lstat($0, &status) }) == 0 else { continue }
        newest = max(newest, Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
      }
    }
    return newest
  }
}

/// What is free on a file system.
enum FreeSpace {
  static func of(_ path: FilePath) -> (bytes: Int64, files: Int) {
    var status = statvfs()
    guard path.withPlatformString({ statvfs($0, &status) }) == 0 else { return (.max, .max) }
    let bytes = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    // Some file systems make room for files at need and tell 0.
    return (Int64(clamping: bytes), status.f_files == 0 ? .max : Int(clamping: status.f_favail))
  }
}
