import ImageModel
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A run of this program that was killed.
struct DeadRun: Hashable, Sendable {
  let name: String
  /// What it was downloading.
  var blobs: [BlobRecord.Content] = []

  /// What its leases and its own refs begin with.
  var prefix: String { "prepull-\(name)-" }
}

/// A blob that a run which was killed had in part.
struct PartialBlob: Hashable, Sendable {
  let path: FilePath
  let content: BlobRecord.Content

  var bytes: Int64 { content.ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound } }

  func remove() {
    for path in [path, BlobRecord.path(beside: path)] { _ = path.withPlatformString { unlink($0) } }
  }

  /// Moves the file and its record.
  func move(to path: FilePath) throws -> PartialBlob {
    for (from, to) in [
      (self.path, path), (BlobRecord.path(beside: self.path), BlobRecord.path(beside: path)),
    ] {
      try FastFault.checking(
        "move a blob to", to,
        from.withPlatformString { from in to.withPlatformString { rename(from, $0) } })
    }
    return PartialBlob(path: path, content: content)
  }
}

/// The blobs that runs which were killed had in part, until somebody wants them.
final class PartialBlobs: Sendable {
  private let all: Mutex<[Digest: PartialBlob]>

  init(_ all: [PartialBlob] = []) {
    self.all = Mutex(Dictionary(all.map { ($0.content.digest, $0) }) { $1 })
  }

  /// How long they are worth their room.
  private static let age: Int64 = 3600

  /// The blobs in the folder of a run.
  static func find(in folder: FilePath) -> [PartialBlob] {
    ((try? FolderNames.of(folder)) ?? []).compactMap { name in
      guard name.hasSuffix(BlobRecord.suffix) else { return nil }
      let path = folder.appending(String(name.dropLast(BlobRecord.suffix.count)))
      return BlobRecord.content(beside: path).map { PartialBlob(path: path, content: $0) }
    }
  }

  /// Moves what is worth it to another folder. One that the content store has under its own name too is whole and not
  /// touched again.
  static func rescue(_ found: [PartialBlob], to folder: FilePath) -> [PartialBlob] {
    var best: [Digest: PartialBlob] = [:]
    for leftover in found where leftover.bytes > 0 && isUsable(leftover) {
      if let other = best[leftover.content.digest], other.bytes >= leftover.bytes { continue }
      best[leftover.content.digest] = leftover
    }
    return best.values.compactMap {
      try? $0.move(to: folder.appending("\($0.content.digest.encoded)-left"))
    }
  }

  private static func isUsable(_ leftover: PartialBlob) -> Bool {
    var status = stat()
    guard leftover.path.withPlatformString({ lstat($0, &status) }) == 0,
      status.st_mode & S_IFMT == S_IFREG,
      status.st_nlink == 1, Int64(status.st_size) == leftover.content.size
    else { return false }
    return Int64(time(nil)) - Int64(status.st_mtim.tv_sec) < age
  }

  /// Hands over the part of a blob, to one who asks for it.
  func take(_ descriptor: Descriptor) -> PartialBlob? {
    all.withLock { all in
      guard all[descriptor.digest]?.content.size == descriptor.size else { return nil }
      return all.removeValue(forKey: descriptor.digest)
    }
  }

  func has(_ digest: Digest) -> Bool { all.withLock { $0[digest] != nil } }

  /// Removes what nobody asked for.
  func drop(except digests: Set<Digest> = []) {
    let rest = all.withLock { all in
      let rest = all.filter { !digests.contains($0.key) }
      all = all.filter { digests.contains($0.key) }
      return rest
    }
    rest.values.forEach { $0.remove() }
  }

  /// Removes, after a while, what nobody has asked for by then.
  func dropInTime() async {
    guard (try? await Task.sleep(for: .seconds(Self.age))) != nil else { return }
    try? await FileWork.run { self.drop() }
  }
}
