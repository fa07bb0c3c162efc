import ImageModel
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The files of an OCI image layout, and where Prepull's own lie in it. Source: OCI image-layout.md, version 1.0.0.
///
/// ```
/// oci-layout  index.json  blobs/<algorithm>/<hex>     as the specification has them
/// .prepull/lock                                       held while index.json is changed or blobs are deleted
/// .prepull/ingest/<algorithm>-<hex>                   blobs in the making, each locked by its one writer
/// .prepull/leases/<random>                            what running pulls need, each locked by its pull
/// ```
/// All functions block and belong into `FileWork`.
struct Layout: Sendable {
  let root: FilePath

  static let version = "1.0.0"
  /// What a small document may have: the largest index that registries accept, and more.
  static let documentLimit: Int64 = 16 << 20

  init(_ path: String) { root = FilePath(path) }

  var marker: FilePath { root.appending("oci-layout") }
  var indexFile: FilePath { root.appending("index.json") }
  var blobs: FilePath { root.appending("blobs") }
  var own: FilePath { root.appending(".prepull") }
  var lockFile: FilePath { own.appending("lock") }
  var ingest: FilePath { own.appending("ingest") }
  var leases: FilePath { own.appending("leases") }

  func blobs(_ algorithm: Digest.Algorithm) -> FilePath { blobs.appending(algorithm.rawValue) }
  func blob(_ digest: Digest) -> FilePath { blobs(digest.algorithm).appending(digest.encoded) }
  func partial(_ digest: Digest) -> FilePath { ingest.appending("\(digest.algorithm.rawValue)-\(digest.encoded)") }

  /// Whether the blob is there in full. Its digest was checked before it got this name.
  func has(_ descriptor: Descriptor) -> Bool {
    guard let status = try? Stat(blob(descriptor.digest)) else { return false }
    return status.type == .regular && status.size == descriptor.size
  }

  /// A small file of the layout; `nil` when it is not there.
  func read(_ path: FilePath) throws -> [UInt8]? {
    guard let file = try OpenFile(ifThere: path) else { return nil }
    let size = try file.status().size
    guard size <= Self.documentLimit else {
      throw LayoutFault(.fault, "\(path) has \(size) bytes, too many for a document", remedy: "Remove the file.")
    }
    return try [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
    }
  }

  /// The names in a folder; none when it is not there.
  func names(in folder: FilePath) throws -> [String] {
    do {
      return try FolderNames.of(folder)
    } catch {
      guard error != .noSuchFileOrDirectory else { return [] }
      throw LayoutFault(error, "list", folder)
    }
  }

  /// The digests that stand under `blobs`.
  func storedDigests() throws -> [Digest] {
    try Digest.Algorithm.allCases.flatMap { algorithm in
      try names(in: blobs(algorithm)).compactMap { try? Digest(parsing: "\(algorithm.rawValue):\($0)") }
    }
  }

  /// Deletes a file; that it is not there is fine.
  func delete(_ path: FilePath) throws {
    guard unlink(path.string) != 0 else { return }
    let error = Errno(rawValue: errno)
    guard error != .noSuchFileOrDirectory else { return }
    throw LayoutFault(error, "delete", path)
  }

  func move(_ source: FilePath, to target: FilePath) throws {
    guard rename(source.string, target.string) != 0 else { return }
    throw LayoutFault(Errno(rawValue: errno), "put in place", target)
  }

  /// Makes the names in a folder last through a power cut.
  func synchronize(_ folder: FilePath) throws {
    try OpenFile(folder, .readOnly, options: .directory).synchronize()
  }
}
