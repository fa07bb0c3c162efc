import ImageModel
import Logging
import NIOCore
import Registry

/// Brings the blobs of one image from a registry into a layout.
struct BlobStore: Sendable {
  /// Where a blob comes from.
  let registry: RegistryClient
  let reference: Reference
  let layout: Layout
  let meter: ProgressMeter
  /// How long another writer of the same blob may show no sign of life.
  let stallLimit: Duration
  let logger: Logger

  /// Bytes that go to the disk in one step.
  private static let chunk = 1 << 20

  /// Stores a blob of the registry, or waits until somebody else has.
  ///
  /// What was stored of it stays when this fails, so that the next one goes on from there.
  func store(_ descriptor: Descriptor) async throws {
    do {
      if let ingest = try await claim(descriptor) {
        try await releasingSpace(ingest) { try await download(ingest) }
      }
    } catch var error as RegistryError {
      error.detail = "\(descriptor.digest): \(error.detail)"
      throw error
    }
    meter.reach(descriptor.size, of: descriptor.digest)
  }

  /// Stores a document that is at hand.
  func store(_ document: Document) async throws {
    let path = layout.blob(document.descriptor.digest)
    try await FileWork.run {
      // A damaged document would make the image look incomplete for ever.
      if let stored = try layout.read(path), stored != document.bytes { try layout.delete(path) }
    }
    guard let ingest = try await claim(document.descriptor) else { return }
    try await releasingSpace(ingest) {
      let mismatch = try await FileWork.run {
        try ingest.restart()
        try ingest.append([ByteBuffer(bytes: document.bytes)])
        return try ingest.finish(for: reference)
      }
      if let mismatch { throw mismatch }
    }
  }

  /// Becomes the one writer of a blob; `nil` when it is there, maybe by somebody else's work.
  private func claim(_ descriptor: Descriptor) async throws -> Ingest? {
    let clock = ContinuousClock()
    var last: (sign: Ingest.Sign, seen: ContinuousClock.Instant)?
    while true {
      switch try await FileWork.run({ try Ingest.claim(descriptor, in: layout) }) {
      case .stored: return nil
      case .granted(let ingest): return ingest
      case .taken(let sign):
        meter.reach(min(sign.size, descriptor.size), of: descriptor.digest)
        if let last, last.sign == sign {
          guard last.seen.duration(to: clock.now) < stallLimit else {
            throw LayoutFault(
              .timedOut,
              "another program is writing \(layout.partial(descriptor.digest)) and has not moved for \(stallLimit)",
              remedy: "See what it does (`fuser` shows who), or try again.")
          }
        } else {
          last = (sign, clock.now)
        }
      }
      try await clock.sleep(for: .milliseconds(50))
    }
  }

  /// Downloads what is missing and puts the blob in its place; content that is wrong is fetched once more from byte 0.
  private func download(_ ingest: Ingest) async throws {
    let digest = ingest.descriptor.digest
    while try await FileWork.run({ try ingest.rehash() }) { meter.reach(ingest.offset, of: digest) }
    logger.debug("downloading", metadata: ["blob": "\(digest)", "from": "\(ingest.offset)"])
    var mismatch: RegistryError?
    for _ in 0..<2 {
      try await receive(ingest)
      mismatch = try await FileWork.run { try ingest.finish(for: reference) }
      guard let mismatch else { return }
      logger.debug("wrong content", metadata: ["blob": "\(digest)", "error": "\(mismatch)"])
    }
    if let mismatch { throw mismatch }
  }

  /// Receives what is missing. One chunk is written and hashed while the next one is gathered.
  private func receive(_ ingest: Ingest) async throws {
    let descriptor = ingest.descriptor
    try await withThrowingTaskGroup(of: Void.self) { writer in
      var gathered: [ByteBuffer] = []
      var count = 0
      func handOver() async throws {
        try await writer.next()
        let chunk = gathered
        gathered = []
        count = 0
        writer.addTask {
          try await FileWork.run { try ingest.append(chunk) }
          meter.reach(ingest.offset, of: descriptor.digest)
        }
      }
      var failure: RegistryError?
      do {
        try await registry.download(descriptor, of: reference, from: ingest.offset) {
          gathered = []
          count = 0
          try await writer.next()
          try await FileWork.run { try ingest.restart() }
        } write: { buffer in
          gathered.append(buffer)
          count += buffer.readableBytes
          if count >= Self.chunk { try await handOver() }
        }
      } catch let error as RegistryError {
        // What came before the interruption is of use to the next pull.
        failure = error
      }
      try await handOver()
      try await writer.next()
      if let failure { throw failure }
    }
  }

  /// Gives the space of a blob back when the disk is full; a partial blob would only stand in others' way.
  private func releasingSpace(_ ingest: Ingest, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let fault as LayoutFault where fault.code == .noSpace {
      let missing = ingest.descriptor.size - ingest.offset
      let free = try await FileWork.runAnyway {
        let free = layout.fileSystem().availableBytes
        try ingest.discard()
        return free
      }
      throw LayoutFault(
        .noSpace, "\(fault.detail); \(missing) more bytes of this blob were needed, \(free ?? 0) were free",
        remedy: fault.remedy)
    }
  }
}
