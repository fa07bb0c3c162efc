import ImageModel
import Testing
import VirtualCluster

@testable import Registry

@Suite(.timeLimit(.minutes(2))) struct RangedConnectionTests {
  /// Each of them stands still, so those that are open at once can be counted.
  @Test("Where one connection is slow, others fetch beside it", arguments: [1, 4, 8])
  func manyAtOnce(_ connections: Int) async throws {
    try await withEmbeddedRegistry { registry in
      let blob = SampleImage.Blob([UInt8](repeating: 7, count: 2_000_000), mediaType: MediaType.ociLayer)
      registry.add(blob)
      let reference = registry.add(try SampleImage())
      registry.inject(.stall(after: 10)) { $0.path.contains("blobs") }
      try await withClient { client in
        let target = RangedDownloads.Target { _, _ in
        } reached: { _, _ in
        }
        let download = Task {
          try await RangedDownloads(settings: .init(connections: connections, partBytes: 100_000)).fetch(
            blob.descriptor, of: reference, with: client, into: target)
        }
        while registry.requests.filter({ $0.headers["range"] != nil }).count < connections {
          try await Task.sleep(for: .milliseconds(10))
        }
        download.cancel()
        await #expect(throws: CancellationError.self) { try await download.value }
        #expect(registry.requests.filter { $0.headers["range"] != nil }.count == connections)
      }
    }
  }
}
