import Documents
import ImageModel
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Layout {
  /// After this time without a sign of life, leftovers are taken for abandoned.
  static let abandonedAfter = 24 * 3600

  /// Deletes what nobody needs after `dropped` entries went from the index. Belongs under the lock.
  ///
  /// Blobs of the dropped entries go at once. Other blobs that nothing reaches are leftovers of pulls that never came
  /// to their end, or blobs that another program is about to name in the index: they go when they are a day old.
  func collectGarbage(dropped: [LayoutIndex.Entry]) throws {
    let kept = try reachable(from: index().entries).union(LayoutLease.claimed(in: self))
    let doomed = try reachable(from: dropped)
    for digest in try storedDigests() where !kept.contains(digest) {
      if doomed.contains(digest) || isAbandoned(blob(digest)) { try delete(blob(digest)) }
    }
  }

  /// Deletes partial blobs that nobody has worked on for a day, and leases of the dead. Belongs under the lock.
  func sweep() throws {
    _ = try LayoutLease.claimed(in: self)
    for name in try names(in: ingest) where isAbandoned(ingest.appending(name)) { try discard(ingest.appending(name)) }
  }

  /// Deletes a partial blob, unless somebody is writing it: then `false`.
  @discardableResult
  func discard(_ partial: FilePath) throws -> Bool {
    guard let file = try OpenFile(ifThere: partial) else { return true }
    guard try file.tryLock() else { return false }
    if try file.isAtPath() { try delete(partial) }
    return true
  }

  /// All digests that the entries lead to, their own included.
  private func reachable(from entries: [LayoutIndex.Entry]) throws -> Set<Digest> {
    var found: Set<Digest> = []
    var next = entries.flatMap { $0.fields.digests }
    while let digest = next.popLast() {
      guard found.insert(digest).inserted, let document = try document(digest) else { continue }
      next += document.digests
    }
    return found
  }

  /// The blob, if it is JSON: an index, a manifest, or something of another program that may name blobs in turn.
  private func document(_ digest: Digest) throws -> JSON? {
    guard let file = try OpenFile(ifThere: blob(digest)), try file.status().size <= Self.documentLimit else {
      return nil
    }
    let first = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { buffer in
      try file.read(into: buffer, at: 0) == 1 ? buffer[0] : 0
    }
    guard first == UInt8(ascii: "{"), let bytes = try read(blob(digest)) else { return nil }
    return try? JSONDecoder().decode(JSON.self, from: Data(bytes))
  }

  private func isAbandoned(_ path: FilePath) -> Bool {
    guard let status = try? Stat(path) else { return false }
    return time(nil) - status.st_mtim.tv_sec > Self.abandonedAfter
  }
}

extension JSON {
  /// Every `"digest": "…"` at any depth.
  fileprivate var digests: [Digest] {
    switch self {
    case .object(let members):
      members.flatMap { key, value in
        key == "digest" ? value.string.flatMap { try? Digest(parsing: $0) }.map { [$0] } ?? [] : value.digests
      }
    case .array(let values): values.flatMap(\.digests)
    default: []
    }
  }
}
