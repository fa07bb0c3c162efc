import ImageModel
import SystemPackage

/// A running pull's claim on blobs, so that no removal deletes them before `index.json` names them.
///
/// The rule that makes removal safe next to pulls: a blob is deleted only under the layout's lock, and only when neither
/// `index.json` nor a living lease reaches it. A pull takes its lease under the same lock *before* it looks which blobs
/// are there, and ends it after `index.json` was changed. A lease lives as long as its file is locked, so it dies with a
/// killed pull. Neither side ever waits for the other longer than such a step takes.
final class LayoutLease: Sendable {
  private let layout: Layout
  private let file: OpenFile

  /// Claims the digests. Belongs under the layout's lock.
  init(on digests: [Digest], in layout: Layout) throws {
    self.layout = layout
    let name = String(UInt64.random(in: 0 ... .max), radix: 16)
    file = try OpenFile(layout.leases.appending(name), .readWrite, options: [.create, .exclusiveCreate])
    _ = try file.tryLock()
    try Array(digests.map(\.description).joined(separator: "\n").utf8).withUnsafeBytes { try file.write($0, at: 0) }
  }

  /// Gives the claim back now; otherwise that happens once nobody holds the lease any more, on whatever thread.
  func end() { try? layout.delete(file.path) }

  deinit { end() }

  /// The digests under living leases; files of dead ones are removed. Belongs under the layout's lock.
  static func claimed(in layout: Layout) throws -> Set<Digest> {
    var digests: Set<Digest> = []
    for name in try layout.names(in: layout.leases) {
      let path = layout.leases.appending(name)
      guard let file = try OpenFile(ifThere: path) else { continue }
      if try file.tryLock() {
        try layout.delete(path)
      } else {
        let text = String(decoding: try layout.read(path) ?? [], as: UTF8.self)
        digests.formUnion(text.split(separator: "\n").compactMap { try? Digest(parsing: $0) })
      }
    }
    return digests
  }
}
