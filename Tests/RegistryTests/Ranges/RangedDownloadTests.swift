import Foundation
import ImageModel
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import VirtualCluster

@testable import Registry

/// Blobs in parts, from a registry in memory.
@Suite(.timeLimit(.minutes(5))) struct RangedDownloadTests {
  /// Collects a blob, and checks what it is told.
  private final class Collector: Sendable {
    private struct State {
      var bytes: [UInt8]
      var isThere: [Bool]
      var reached: (inOrder: Int64, received: Int64) = (0, 0)
    }

    private let state: Mutex<State>

    init(size: Int64) {
      state = Mutex(
        State(bytes: Array(repeating: 0, count: Int(size)), isThere: Array(repeating: false, count: Int(size))))
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var reached: Int64 { state.withLock { $0.reached.inOrder } }

    var target: RangedDownloads.Target {
      RangedDownloads.Target { buffers, offset in
        self.state.withLock { state in
          var at = Int(offset)
          for byte in buffers.flatMap({ Array(buffer: $0) }) {
            state.bytes[at] = byte
            #expect(!state.isThere[at], "byte \(at) came twice")
            state.isThere[at] = true
            at += 1
          }
        }
      } reached: { inOrder, received in
        self.state.withLock { state in
          #expect(inOrder >= state.reached.inOrder && received >= state.reached.received)
          state.reached = (inOrder, received)
        }
      }
    }
  }

  private func blob(_ size: Int, in registry: EmbeddedRegistry) throws -> (SampleImage.Blob, Reference) {
    var bytes = [UInt8](repeating: 0, count: size)
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 7) }
    let blob = SampleImage.Blob(bytes, mediaType: MediaType.ociLayer)
    registry.add(blob)
    return (blob, registry.add(try SampleImage()))
  }

  private func expectWhole(
    _ size: Int, settings: RangedDownloads.Settings = .init(partBytes: 100_000), attempts: Int = 4,
    _ trouble: (EmbeddedRegistry) -> Void = { _ in }, then: (EmbeddedRegistry) -> Void = { _ in }
  ) async throws {
    try await withEmbeddedRegistry { registry in
      let (blob, reference) = try blob(size, in: registry)
      trouble(registry)
      try await withClient(attempts: attempts, configure: { $0.idleTimeout = .seconds(2) }) { client in
        let collector = Collector(size: blob.descriptor.size)
        try await RangedDownloads(settings: settings).fetch(
          blob.descriptor, of: reference, with: client, into: collector.target)
        #expect(collector.bytes == blob.bytes)
        #expect(collector.reached == blob.descriptor.size)
      }
      then(registry)
    }
  }

  @Test(arguments: [1, 99_999, 100_000, 100_001, 1_234_567]) func anySize(_ size: Int) async throws {
    try await expectWhole(
      size,
      then: { registry in
        let ranges = registry.requests.compactMap { $0.headers["range"] }
        #expect(ranges.count == (size > 100_000 ? (size + 99_999) / 100_000 : 0))
        #expect(Set(ranges).count == ranges.count)
      })
  }

  @Test func goesOnAfterCuts() async throws {
    try await expectWhole(1_000_000) { $0.inject(.truncate(after: 30_000), times: 9) { $0.path.contains("blobs") } }
  }

  @Test func goesOnAfterStalls() async throws {
    try await expectWhole(1_000_000) { $0.inject(.stall(after: 30_000), times: 2) { $0.path.contains("blobs") } }
  }

  @Test func takesAWholeBlobWhereThereAreNoRanges() async throws {
    try await expectWhole(1_000_000) { $0.inject(.ignoreRange) { $0.path.contains("blobs") } }
  }

  /// Ranges that end in the middle of a blob: what came is kept.
  @Test func takesTheRestWhereRangesEnd() async throws {
    let count = Mutex(0)
    try await expectWhole(1_000_000, settings: .init(connections: 1, partBytes: 100_000)) { registry in
      registry.inject(.ignoreRange) { request in
        request.path.contains("blobs")
          && count.withLock { count in
            count += 1
            return count > 3
          }
      }
    }
  }

  /// One of four connections crawls; it is given up long before it could have brought its part.
  @Test func givesUpAConnectionThatLags() async throws {
    try await expectWhole(
      8_000_000, settings: .init(connections: 4, partBytes: 250_000, youth: .milliseconds(300)), attempts: 10
    ) { registry in
      registry.limit(reader: nil, registry: 2_500_000)
      registry.inject(.slow(200), times: 1) { $0.headers["range"]?.hasPrefix("bytes=500000-") == true }
    } then: { registry in
      let parts = registry.requests.compactMap { $0.headers["range"] }.filter { $0.hasSuffix("-749999") }
      #expect(parts.count > 1)
    }
  }

  @Test func failsWhereTheBlobIsNotThere() async throws {
    try await withEmbeddedRegistry { registry in
      let (blob, reference) = try blob(1_000_000, in: registry)
      registry.inject(.status(404)) { $0.path.contains("blobs") }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) {
          try await RangedDownloads(settings: .init(partBytes: 100_000)).fetch(
            blob.descriptor, of: reference, with: client, into: Collector(size: blob.descriptor.size).target)
        }
        #expect(error?.code == .notFound)
      }
    }
  }

  @Test func cancellingEndsIt() async throws {
    try await withEmbeddedRegistry { registry in
      let (blob, reference) = try blob(1_000_000, in: registry)
      registry.inject(.stall(after: 10)) { $0.path.contains("blobs") }
      try await withClient { client in
        let collector = Collector(size: blob.descriptor.size)
        let download = Task {
          try await RangedDownloads(settings: .init(partBytes: 100_000)).fetch(
            blob.descriptor, of: reference, with: client, into: collector.target)
        }
        while registry.requests.count < 3 { try await Task.sleep(for: .milliseconds(10)) }
        download.cancel()
        await #expect(throws: CancellationError.self) { try await download.value }
      }
    }
  }

  /// Blobs share the connections, and none takes them all.
  @Test func sharesConnections() async throws {
    let slots = ConnectionSlots(limit: 4)
    for _ in 0..<3 { try await slots.acquire(for: 1, size: 100) }
    let (granted, grant) = AsyncStream.makeStream(of: Int.self)
    var order: [Int] = []
    try await withThrowingTaskGroup(of: Void.self) { group in
      try await slots.acquire(for: 1, size: 100)
      for (blob, size) in [(1, Int64(100)), (2, 10), (3, 50)] {
        group.addTask {
          try await slots.acquire(for: blob, size: size)
          grant.yield(blob)
        }
        try await Task.sleep(for: .milliseconds(50))
      }
      var grants = granted.makeAsyncIterator()
      for _ in 1...3 {
        await slots.release(for: 1)
        order += await grants.next().map { [$0] } ?? []
      }
      try await group.waitForAll()
    }
    #expect(order == [3, 2, 1])
  }

  @Test(arguments: [
    ("bytes 100-299/300", [100, 299, 300] as [Int64]?), ("bytes 0-0/*", [0, 0, -1]), ("Bytes 5-6/7", [5, 6, 7]),
    ("items 0-1/2", nil), ("bytes */300", nil), ("bytes 1-2", nil), ("", nil), ("bytes -5-6/7", nil),
    ("bytes 6-5/7", nil),
    ("bytes 5-7/7", nil), ("bytes +5-6/7", nil), ("bytes 5-6/7/8", nil),
  ])
  func readsContentRange(_ text: String, _ expected: [Int64]?) {
    let range = ContentRange(HTTPHeaders([("Content-Range", text)]))
    #expect(range.map { [$0.first, $0.last, $0.size ?? -1] } == expected)
  }
}
