import AsyncHTTPClient
import ImageModel
import NIOCore
import Synchronization

/// The download of one blob: in parts where the server does ranges, else as one stream.
final class RangedDownload: Sendable {
  /// Bytes that are handed over in one step, which bounds what a connection keeps in memory.
  private static let chunk = 1 << 20

  private let descriptor: Descriptor
  private let reference: Reference
  private let client: RegistryClient
  private let target: RangedDownloads.Target
  private let host: RangedDownloads.Host
  private let number: Int
  private let settings: RangedDownloads.Settings
  private let ledger: Mutex<RangeLedger>
  private let place: BlobPlace
  private var subject: String { "\(descriptor.digest) of \(reference)" }

  init(
    descriptor: Descriptor, reference: Reference, client: RegistryClient, target: RangedDownloads.Target,
    host: RangedDownloads.Host, number: Int, settings: RangedDownloads.Settings, having ranges: [Range<Int64>]
  ) {
    self.descriptor = descriptor
    self.reference = reference
    self.client = client
    self.target = target
    self.host = host
    self.number = number
    self.settings = settings
    ledger = Mutex(
      RangeLedger(size: descriptor.size, partBytes: settings.partBytes, having: ranges))
    place = BlobPlace(descriptor, of: reference, client: client)
  }

  func run() async throws {
    ledger.withLock { if $0.received > 0 { target.reached($0.inOrder, $0.received) } }
    guard descriptor.size > settings.partBytes else { return try await stream() }
    do {
      try await parts()
    } catch is RangesIgnored {
      try await stream()
    }
  }

  /// Fetches all parts. The first one shows whether the server does ranges, before the others are asked for.
  private func parts() async throws {
    let workers = min(ledger.withLock { $0.count }, settings.connections)
    let (heads, head) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { [self] in
        defer { head.finish() }
        try await work { head.yield() }
        return true
      }
      group.addTask { [host] in
        while true {
          try await Task.sleep(for: .seconds(1))
          host.peers.judge()
        }
      }
      var running = 1
      for await _ in heads {
        running = workers
        break
      }
      for _ in 1..<running {
        group.addTask { [self] in
          try await work {}
          return true
        }
      }
      while running > 0, let isWorker = try await group.next() { running -= isWorker ? 1 : 0 }
      group.cancelAll()
      // The one that watches ends with the cancellation that was just asked for.
      while let result = await group.nextResult() { if case .success = result { continue } }
    }
  }

  /// Fetches one part after the other while there are any.
  private func work(onHead: @escaping @Sendable () -> Void) async throws {
    while true {
      try await host.slots.acquire(for: number, size: descriptor.size)
      guard let part = ledger.withLock({ $0.take() }) else { return await host.slots.release(for: number) }
      do {
        try await fetch(part, onHead: onHead)
      } catch {
        await host.slots.release(for: number)
        throw error
      }
      await host.slots.release(for: number)
    }
  }

  private func fetch(_ part: RangeLedger.Part, onHead: @escaping @Sendable () -> Void) async throws {
    let position = Position(part.start)
    var (attempt, furthest) = (1, part.start)
    while position.value < part.end {
      var failure: RegistryError?
      do {
        let isFast = try await host.peers.run { [self] note in
          try await attempting("fetch", subject) {
            let response = try await place.open(from: position.value, to: part.end)
            onHead()
            try await receive(response, part, position, note)
          }
        }
        if !isFast {
          let problem = RegistryProblem(.timedOut, "it came far slower than the rest", isRetryable: true)
          failure = RegistryError(problem, operation: "fetch", subject: subject)
        }
      } catch let error as RegistryError {
        failure = error
      }
      guard let failure else { continue }
      let reached = position.value
      // One that was slow goes on at once, over another connection; its own was closed.
      if failure.code == .timedOut, failure.status == nil, reached > furthest {
        (attempt, furthest) = (1, reached)
        continue
      }
      attempt = reached > furthest ? 2 : attempt + 1
      furthest = max(furthest, reached)
      try await client.pause(before: attempt, after: failure)
    }
  }

  private func receive(
    _ response: RegistryTransport.Response, _ part: RangeLedger.Part, _ position: Position,
    _ note: @Sendable (Int64) -> Void
  ) async throws {
    let start = position.value
    var gathered = Gathered()
    func handOver() async throws {
      guard gathered.bytes > 0 else { return }
      try await target.write(gathered.buffers, position.value)
      position.advance(by: gathered.bytes)
      advance(part, by: gathered.bytes)
      gathered = Gathered()
    }
    var body = response.body.makeAsyncIterator()
    while true {
      let next: ByteBuffer?
      do {
        next = try await body.next()
      } catch {
        if Task.isCancelled { throw CancellationError() }
        try await handOver()
        throw RegistryProblem(reading: error, host: response.host)
      }
      guard let buffer = next else { break }
      gathered.add(buffer)
      guard position.value + gathered.bytes <= part.end else {
        throw RegistryProblem(.digestMismatch, "\(response.host) sends more than the range that was asked for")
      }
      note(Int64(buffer.readableBytes))
      if gathered.bytes >= Self.chunk { try await handOver() }
    }
    try Task.checkCancellation()
    try await handOver()
    // A server may end a part early; what is missing is asked for then. One that sends nothing would do so for ever.
    guard position.value > start else {
      throw RegistryProblem(.truncated, "\(response.host) sent nothing of the range", isRetryable: true)
    }
  }

  private func advance(_ part: RangeLedger.Part, by bytes: Int64) {
    // Told under the lock, so that it never goes back.
    ledger.withLock { ledger in
      ledger.advance(part, by: bytes)
      target.reached(ledger.inOrder, ledger.received)
    }
  }
}

extension RangedDownload {
  /// Fetches the rest over one connection: from where there is no gap, or all of it where even that is no range.
  private func stream() async throws {
    try await host.slots.acquire(for: number, size: descriptor.size)
    do {
      try await streamed()
    } catch {
      await host.slots.release(for: number)
      throw error
    }
    await host.slots.release(for: number)
  }

  private func streamed() async throws {
    var position = ledger.withLock { $0.inOrder }
    var received = ledger.withLock { $0.received }
    var (attempt, furthest, isWhole) = (1, position, false)
    while position < descriptor.size {
      do {
        try await client.blob(descriptor, of: reference, from: isWhole ? 0 : position) { stream in
          var at = stream.offset
          var gathered = Gathered()
          func handOver() async throws {
            guard gathered.bytes > 0 else { return }
            try await target.write(gathered.buffers, position)
            position += gathered.bytes
            received = max(received, position)
            gathered = Gathered()
            target.reached(position, received)
          }
          do {
            for try await var buffer in stream {
              let bytes = Int64(buffer.readableBytes)
              // What is there already; the digest tells in the end whether it was the same.
              buffer.moveReaderIndex(forwardBy: Int(min(bytes, max(0, position + gathered.bytes - at))))
              at += bytes
              gathered.add(buffer)
              if gathered.bytes >= Self.chunk { try await handOver() }
            }
          } catch let error as RegistryError {
            try await handOver()
            throw error
          }
          try await handOver()
        }
      } catch var error as RegistryError {
        attempt = position > furthest ? 2 : attempt + 1
        furthest = max(furthest, position)
        if error.code == .rangeNotSatisfiable, !isWhole {
          isWhole = true
          error.isRetryable = true
        }
        try await client.pause(before: attempt, after: error)
      }
    }
  }
}

/// Buffers that are to be written in one step.
private struct Gathered {
  var buffers: [ByteBuffer] = []
  var bytes: Int64 = 0

  mutating func add(_ buffer: ByteBuffer) {
    guard buffer.readableBytes > 0 else { return }
    buffers.append(buffer)
    bytes += Int64(buffer.readableBytes)
  }
}

/// Where a part has come to, over all connections that it took.
private final class Position: Sendable {
  private let state: Mutex<Int64>

  init(_ value: Int64) { state = Mutex(value) }

  var value: Int64 { state.withLock { $0 } }

  func advance(by bytes: Int64) { state.withLock { $0 += bytes } }
}
