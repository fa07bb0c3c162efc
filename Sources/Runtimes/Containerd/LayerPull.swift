import ImageModel
import NIOCore
import Networking
import Registry
import Synchronization
import SystemPackage
import struct SystemPackage.FileDescriptor
import Unpacking

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Brings one layer to the node: its blob into the content store, its files into a folder of the staging area.
///
/// Bytes are hashed and unpacked while they come. They are not verified before the end, so they are unpacked where
/// nothing can run or follow them, and thrown away when the digest is another.
struct LayerPull: Sendable {
  let layer: FastLayer
  let node: FastNode
  let store: ContainerdStore
  let registry: RegistryClient
  let reference: Reference
  let meter: ProgressMeter
  /// Labels of the blob.
  let labels: ContainerdStore.Labels

  private var descriptor: Descriptor { layer.descriptor }
  private var ref: String { ContainerdStore.ref(ofLayer: descriptor.digest) }

  private var ownRef: String { "prepull-\(node.staging.run)-\(layer.position)-\(ref)" }

  /// How long a download may stand still before others may try.
  private static let patience = Duration.seconds(30)
  private static let step = 1 << 20

  /// - Returns: the layer's files; `nil` when the snapshot is there.
  func run() async throws -> StagedFolder? {
    // Somebody else may hold it: then neither a slot is held nor anything done before he is through.
    var rival = Rival(digest: descriptor.digest, ref: ref, patience: Self.patience * 2)
    while true {
      if try await store.keep(snapshot: layer.chain) {
        meter.reach(descriptor.size, of: descriptor.digest)
        return nil
      }
      if let folder = try await node.slots.run({ try await attempt(isAlone: rival.isGone) }) { return folder }
      try await rival.wait(store, node) { meter.reach(min($0, descriptor.size), of: descriptor.digest) }
    }
  }

  /// - Parameter isAlone: the other writer has shown no sign of life for long.
  /// - Returns: `nil` when somebody else is writing the blob.
  private func attempt(isAlone: Bool) async throws -> StagedFolder? {
    if try await store.keep(blob: descriptor.digest) { return try await unpackStored() }
    switch try await WriteStream.claim(descriptor, ref: ref, in: store) {
    case .present: return try await unpackStored()
    case .busy: return isAlone ? try await download(holding: nil) : nil
    case .open(let stream, let offset) where offset == descriptor.size:
      // Another namespace has it, or somebody left before the last step.
      try await store.commit(descriptor, ref: ref, at: offset, labels: labels, through: stream)
      return try await unpackStored()
    case .open(let stream, _): return try await download(holding: stream)
    }
  }

  /// Unpacks a blob that the runtime has.
  private func unpackStored() async throws -> StagedFolder {
    meter.reach(descriptor.size, of: descriptor.digest)
    let path = StagedBlob(node: node, descriptor: descriptor, name: "").target(in: node.contentRoot)
    let file = try FastFault.naming("open", path) { try FileDescriptor.open(path, .readOnly, options: .closeOnExec) }
    defer { try? file.close() }
    let marks = AsyncStream<Int64> { continuation in
      continuation.yield(descriptor.size)
      continuation.finish()
    }
    return try await withFolder { try await unpack(file, into: $0, as: marks) }
  }

  private func download(holding stream: WriteStream?) async throws -> StagedFolder {
    let hold = Hold(stream)
    let blob = StagedBlob(node: node, descriptor: descriptor, name: "\(layer.position)")
    do {
      try await node.blocking { try blob.create() }
      let file = try blob.open(.readWrite)
      defer { try? file.close() }
      let folder = try await withFolder { try await receive(blob, file, into: $0, hold) }
      blob.remove()
      await release(hold, isOurs: stream != nil)
      return folder
    } catch {
      blob.remove()
      await release(hold, isOurs: stream != nil)
      throw error
    }
  }

  /// Lets go of the refs, under which nothing was written, and takes them back: the runtime is not to keep them.
  private func release(_ hold: Hold, isOurs: Bool) async {
    let (store, refs) = (store, [ownRef] + (isOurs && !hold.isGivenUp ? [ref] : []))
    await Task {
      await hold.end()
      for ref in refs { try? await store.abort(ref) }
    }.value
  }

  private func receive(
    _ blob: StagedBlob, _ file: FileDescriptor, into folder: FilePath, _ hold: Hold
  ) async throws -> StagedFolder {
    let (hashed, hashMark) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
    let (fed, feedMark) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
    let target = RangedDownloads.Target { [node, layer] buffers, offset in
      try await node.settings.pacer.received(buffers, of: layer)
      try await node.blocking { try Self.write(buffers, to: file, at: offset, blob.path) }
    } reached: { [meter, descriptor] inOrder, received in
      hashMark.yield(inOrder)
      feedMark.yield(inOrder)
      meter.reach(received, of: descriptor.digest)
      hold.moved()
    }
    return try await withThrowingTaskGroup(of: Result<StagedFolder, UnpackError>?.self) { group in
      group.addTask {
        defer {
          hashMark.finish()
          feedMark.finish()
        }
        try await node.downloads.fetch(descriptor, of: reference, with: registry, into: target)
        return nil
      }
      group.addTask {
        try await verify(file, as: hashed)
        try await BlobAdoption(blob: blob, node: node, store: store, ref: ownRef, labels: labels).run(hold)
        return nil
      }
      group.addTask {
        do {
          return .success(try await unpack(file, into: folder, as: fed))
        } catch let error as UnpackError where error.code == .layer || error.code == .limit {
          // Wrong bytes look like this too; the digest, which comes at the end, tells.
          return .failure(error)
        }
      }
      let watch = Task { await hold.watch(patience: Self.patience) }
      defer { watch.cancel() }
      var unpacked: Result<StagedFolder, UnpackError>?
      for try await result in group { unpacked = result ?? unpacked }
      guard let unpacked else { throw CancellationError() }
      return try unpacked.get()
    }
  }

  private static func write(_ buffers: [ByteBuffer], to file: FileDescriptor, at offset: Int64, _ path: FilePath) throws
  {
    var offset = offset
    for buffer in buffers {
      try FastFault.naming("write", path) {
        _ = try buffer.withUnsafeReadableBytes { try file.writeAll(toAbsoluteOffset: offset, $0) }
      }
      offset += Int64(buffer.readableBytes)
    }
  }

  /// Hashes the file as it grows without gaps.
  private func verify(_ file: FileDescriptor, as marks: AsyncStream<Int64>) async throws {
    let hash = BlobHash(descriptor)
    for await mark in marks {
      while hash.count < mark {
        let count = Int(min(Int64(Self.step), mark - hash.count))
        try await node.blocking { try hash.read(count, of: file) }
      }
    }
    guard hash.count == descriptor.size else { throw CancellationError() }
    try hash.verify(of: reference)
  }

  /// Feeds the file to a child that unpacks it, as it grows without gaps.
  private func unpack(
    _ file: FileDescriptor, into folder: FilePath, as marks: AsyncStream<Int64>
  ) async throws -> StagedFolder {
    let space = try await FileWork.run { FreeSpace.of(folder) }
    let child = try LayerUnpacking.start(
      into: folder, compression: layer.compression, limits: layer.limits(space: space),
      isLowest: layer.parent == nil, program: node.settings.unpacker)
    let unpacked = try await withTaskCancellationHandler {
      do {
        try await feed(file, to: child.input, as: marks)
      } catch Errno.brokenPipe {
        // The child ended early, and says why below.
        try? child.input.close()
      } catch {
        try? child.input.close()
        child.cancel()
        _ = try? await child.finish()
        throw error
      }
      return try await child.finish()
    } onCancel: {
      child.cancel()
    }
    try Task.checkCancellation()
    guard unpacked.diffID == layer.diffID else {
      throw FastFault(
        .registry(.malformedImage),
        "the layer \(descriptor.digest) unpacks to \(unpacked.diffID), and its configuration says \(layer.diffID)")
    }
    return StagedFolder(path: folder, implicitFolders: unpacked.implicitFolders)
  }

  private func feed(_ file: FileDescriptor, to pipe: FileDescriptor, as marks: AsyncStream<Int64>) async throws {
    var position: Int64 = 0
    for await mark in marks {
      while position < mark {
        try Task.checkCancellation()
        let (start, count) = (position, Int(min(Int64(Self.step), mark - position)))
        let sent = try await node.blocking {
          var offset = off_t(start)
          let sent = sendfile(pipe.rawValue, file.rawValue, &offset, count)
          guard sent > 0 else { throw sent < 0 ? Errno(rawValue: errno) : Errno.ioError }
          return Int64(sent)
        }
        position += sent
        try await node.settings.pacer.unpacks(sent, of: layer)
      }
    }
    guard position == descriptor.size else { throw CancellationError() }
    try pipe.close()
  }

  /// Makes a folder for the layer's files, which goes when `body` fails.
  private func withFolder(_ body: (FilePath) async throws -> StagedFolder) async throws -> StagedFolder {
    let path = node.staging.path.appending("\(layer.chain.encoded)-\(UInt32.random(in: 0 ... .max)).fs")
    let folder = try await node.blocking { try StagedFolder.make(path) }
    do {
      return try await body(path)
    } catch {
      try? await FileWork.runAnyway { folder.remove() }
      throw error
    }
  }
}

/// The hash of a file that is read in steps.
private final class BlobHash: Sendable {
  private let state: Mutex<DigestVerifier>

  init(_ descriptor: Descriptor) { state = Mutex(DigestVerifier(descriptor)) }

  var count: Int64 { state.withLock { $0.count } }

  func read(_ count: Int, of file: FileDescriptor) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    let read = try file.read(fromAbsoluteOffset: self.count, into: buffer)
    guard read > 0 else { throw Errno.ioError }
    state.withLock { $0.update(UnsafeRawBufferPointer(rebasing: buffer[..<read])) }
  }

  func verify(of reference: Reference) throws { try state.withLock { try $0.verify(of: reference) } }
}
