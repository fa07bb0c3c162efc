import ImageModel
import Kubernetes
import NIOCore
import Registry
import Testing

@testable import VirtualCluster

@Suite(.timeLimit(.minutes(10))) struct RegistryLinksTests {
  private let start = ContinuousClock.now + .seconds(100)

  /// Seconds after the start at which some bytes have passed.
  private func pass(_ bytes: Int, _ reader: String, after seconds: Double = 0, _ links: RegistryLinks) -> Double {
    let end = links.pass(bytes, to: reader, from: start + .seconds(seconds))
    return ((end - start) / .milliseconds(1)).rounded() / 1000
  }

  @Test func eachReaderHasALinkOfItsOwn() {
    let links = RegistryLinks(.init(nodeBandwidth: 1_000_000))
    #expect(pass(500_000, "a", links) == 0.5)
    #expect(pass(500_000, "a", links) == 1, "a second connection shares it")
    #expect(pass(500_000, "b", links) == 0.5)
    #expect(pass(500_000, "b", after: 2, links) == 2.5, "what was not used is lost")
  }

  @Test func allShareTheRegistrys() {
    let links = RegistryLinks(.init(nodeBandwidth: 1_000_000, registryBandwidth: 2_000_000))
    #expect(pass(1_000_000, "a", links) == 1, "the reader's own link is narrower")
    #expect(pass(1_000_000, "b", links) == 1)
    #expect(pass(1_000_000, "c", links) == 1.5)
    #expect(pass(1_000_000, "d", links) == 2)
  }

  @Test func withoutLimitsBytesPassAtOnce() {
    let links = RegistryLinks(.init())
    #expect(pass(.max, "a", after: 1, links) == 1)
  }

  @Test func bodiesArriveWholeAndNotBeforeTheirTime() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage(layers: [150_000])
      let reference = registry.add(image)
      registry.limit(reader: 1_000_000, registry: 500_000, latency: .milliseconds(50))
      let client = RegistryClient(
        configuration: RegistryConfiguration(userAgent: "node-1"), credentials: NoCredentials(),
        logger: Cluster.logger)
      let blob = image.variants[0].layers[0]
      let clock = ContinuousClock()
      let begin = clock.now
      let bytes = try await client.blob(blob.descriptor, of: reference) { stream in
        var bytes: [UInt8] = []
        for try await buffer in stream { bytes += Array(buffer: buffer) }
        return bytes
      }
      #expect(bytes == blob.bytes)
      #expect(begin.duration(to: clock.now) >= .milliseconds(340), "150 kB at 500 kB/s, after 50 ms")
      try await client.shutdown()
    }
  }

  @Test("A node that pulls is a reader of its own, and its images are as whole as others")
  func nodes() async throws {
    var options = Cluster.options(NodeTemplate.numbered(2))
    options.links = .init(nodeBandwidth: 20_000_000, registryBandwidth: 30_000_000, latency: .milliseconds(5))
    for index in options.nodes.indices { options.nodes[index].podStart = .milliseconds(100) }
    try await Cluster.with(options) { sandbox in
      for node in ["node-1", "node-2"] {
        try sandbox.run(node, [sandbox.sampleImages[0]], node: node)
        _ = try await sandbox.pod(node, in: "Succeeded")
      }
      let readers = Set(sandbox.registry.requests.compactMap { $0.headers["user-agent"] })
      #expect(readers.count == 2 && readers.allSatisfy { $0.contains("(node-") })
    }
  }
}
