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

  private static let step = 1 << 20

  /// - Returns: the layer's files; `nil` when the snapshot is there.
  func run() async throws -> StagedFolder? {
    // Somebody else may hold it: then neither a slot is held nor anything done before he is through.
    var rival = Rival(digest: descriptor.digest, ref: ref, patience: node.settings.patience * 2)
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
    let hold = Hold(stream, of: ref, in: store)
    let blob = StagedBlob(node: node, descriptor: descriptor, name: "\(layer.position)")
    var leftover = node.leftovers.take(descriptor)
    do {
      while true {
        do {
          let folder = try await download(blob, from: leftover, hold)
          blob.remove()
          await release(hold)
          return folder
        } catch let error as RegistryError where error.code == .digestMismatch && leftover != nil {
          // It may be that what the other run had was not on the disk.
          blob.remove()
          leftover = nil
        }
      }
    } catch {
      blob.remove()
      await release(hold)
      throw error
    }
  }

  private func download(_ blob: StagedBlob, from leftover: PartialBlob?, _ hold: Hold) async throws -> StagedFolder {
    let ranges = try await node.blocking {
      if let leftover { return try blob.create(from: leftover) }
      try blob.create()
      return []
    }
    let record = try BlobRecord(of: descriptor, beside: blob.path)
    let file = try blob.open(.readWrite)
    defer { try? file.close() }
    return try await withFolder { try await receive(blob, file, record, having: ranges, into: $0, hold) }
  }

  /// Lets go of the refs and takes them back: the runtime is not to keep them.
  private func release(_ hold: Hold) async {
    let (store, ownRef) = (store, ownRef)
    await Task {
      await hold.end()
      try? await store.abort(ownRef)
    }.value
  }

  private func receive(
    _ blob: StagedBlob, _ file: FileDescriptor, _ record: BlobRecord, having ranges: [Range<Int64>],
    into folder: FilePath, _ hold: Hold
  ) async throws -> StagedFolder {
    let (hashed, hashMark) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
    let (fed, feedMark) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
    let target = RangedDownloads.Target { [node, layer] buffers, offset in
      try await node.settings.pacer.received(buffers, of: layer)
      try await node.blocking {
        let count = try Self.write(buffers, to: file, at: offset, blob.path)
        record.add(count, at: offset)
      }
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
        try await node.downloads.fetch(descriptor, of: reference, with: registry, having: ranges, into: target)
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
      let watch = Task { [node] in await hold.watch(patience: node.settings.patience) }
      defer { watch.cancel() }
      var unpacked: Result<StagedFolder, UnpackError>?
      for try await result in group { unpacked = result ?? unpacked }
      guard let unpacked else { throw CancellationError() }
      return try unpacked.get()
    }
  }

  /// - Returns: how many bytes were written.
  private static func write(
    _ buffers: [ByteBuffer], to file: FileDescriptor, at start: Int64, _ path: FilePath
  ) throws -> Int64 {
    var offset = start
    for buffer in buffers {
      try FastFault.naming("write", path) {
        _ = try buffer.withUnsafeReadableBytes { try file.writeAll(toAbsoluteOffset: offset, $0) }
      }
      offset += Int64(buffer.readableBytes)
    }
    return offset - start
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
