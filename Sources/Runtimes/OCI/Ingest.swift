import ImageModel
import NIOCore
import Registry
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A blob in the making: the locked file of its one writer, and the hash of what it holds so far.
///
/// It gets its name under `blobs` only when its digest is right and its content is on the disk, so a blob that is there
/// is whole, also after a power cut. All functions block and belong into `FileWork`.
final class Ingest: Sendable {
  /// What comes of the wish to write a blob.
  enum Claim: Sendable {
    /// It is there already.
    case stored
    /// Yours to write. The file may hold a beginning: `rehash` it before anything is added.
    case granted(Ingest)
    /// Somebody else writes it. The state of the file tells whether that one is alive.
    case taken(Sign)
  }

  /// A sign of life of a writer.
  struct Sign: Hashable, Sendable {
    let size: Int64
    let seconds: Int
    let nanoseconds: Int
  }

  private struct State {
    /// Has hashed the file up to its `count`; what lies behind that is not looked at.
    var verifier: DigestVerifier
    /// How much of the file the kernel was asked to write out.
    var writtenOut: Int64 = 0
  }

  /// The kernel is asked to write out at this distance.
  private static let window: Int64 = 8 << 20

  let descriptor: Descriptor
  private let layout: Layout
  private let file: OpenFile
  private let state: Mutex<State>

  private init(_ descriptor: Descriptor, _ layout: Layout, _ file: OpenFile) {
    self.descriptor = descriptor
    self.layout = layout
    self.file = file
    state = Mutex(State(verifier: DigestVerifier(descriptor)))
  }

  static func claim(_ descriptor: Descriptor, in layout: Layout) throws -> Claim {
    while !layout.has(descriptor) {
      let file = try OpenFile(layout.partial(descriptor.digest), .readWrite, options: .create)
      guard try file.tryLock() else {
        let status = try file.status()
        return .taken(Sign(size: status.size, seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec))
      }
      // Between opening and locking, its writer may have finished it or given it up.
      guard try file.isAtPath() else { continue }
      guard !layout.has(descriptor) else {
        try layout.delete(file.path)
        break
      }
      return .granted(Ingest(descriptor, layout, file))
    }
    return .stored
  }

  /// Bytes that are there and hashed.
  var offset: Int64 { state.withLock(\.verifier.count) }

  /// Hashes another part of what an earlier writer left; `false` when all of it is hashed.
  func rehash() throws -> Bool {
    file.touch()
    return try state.withLock { state in
      guard try file.status().size <= descriptor.size else {
        try truncate()
        return false
      }
      return try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
        for _ in 0..<8 {
          let count = try file.read(into: buffer, at: state.verifier.count)
          guard count > 0 else { return false }
          state.verifier.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
          state.writtenOut = state.verifier.count
        }
        return true
      }
    }
  }

  /// Adds to the content.
  func append(_ buffers: [ByteBuffer]) throws {
    try state.withLock { state in
      for buffer in buffers {
        try buffer.withUnsafeReadableBytes { try file.write($0, at: state.verifier.count) }
        state.verifier.update(buffer)
      }
      let pending = state.verifier.count - state.writtenOut
      if pending >= Self.window {
        file.beginWriteOut(from: state.writtenOut, count: pending)
        state.writtenOut += pending
      }
    }
  }

  /// Forgets the content.
  func restart() throws {
    try state.withLock { state in
      try truncate()
      state = State(verifier: DigestVerifier(descriptor))
    }
  }

  /// Puts the blob in its place, or empties the file and returns what is wrong with the content.
  func finish(for reference: Reference) throws -> RegistryError? {
    do throws(RegistryError) {
      try state.withLock { state throws(RegistryError) in try state.verifier.verify(of: reference) }
    } catch {
      try restart()
      return error
    }
    do {
      try file.share()
      try file.synchronize()
    } catch {
      // After a failed write-out nobody knows what is on the disk.
      try? discard()
      throw error
    }
    try layout.makeFolder(layout.blobs(descriptor.digest.algorithm))
    try layout.move(file.path, to: layout.blob(descriptor.digest))
    return nil
  }

  /// Gives the blob up and frees its space.
  func discard() throws { try layout.delete(file.path) }

  private func truncate() throws {
    try attempting("empty", file.path) { try file.descriptor.resize(to: 0, retryOnInterrupt: true) }
  }
}
