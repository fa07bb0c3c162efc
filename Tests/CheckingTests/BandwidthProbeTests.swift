import Networking
import Checking
import ImageModel
import Logging
import Registry
import Testing
import VirtualCluster

@Suite("Bandwidth probe", .timeLimit(.minutes(10)))
struct BandwidthProbeTests {
  /// Resolves images of these layers, and measures.
  private static func measure(
    _ layers: [[Int]], limit: Int64? = nil, maxBytes: Int64 = 64 << 20, maxDuration: Duration = .seconds(10),
    fault: RegistryFault? = nil
  ) async throws -> (measurement: BandwidthProbe.Measurement?, requests: [String]) {
    try await withEmbeddedRegistry { registry in
      var configuration = RegistryConfiguration(userAgent: "prepull/test")
      configuration.retry = .init(attempts: 1)
      let client = RegistryClient(
        configuration: configuration, credentials: NoCredentials(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      do {
        var images: [ResolvedImage] = []
        for (number, layers) in layers.enumerated() {
          let image = try SampleImage(seed: UInt64(number + 1), layers: layers)
          images.append(try await client.image(registry.add(image, to: "test/\(number)"), platform: .host))
        }
        registry.limit(reader: limit, registry: nil)
        if let fault { registry.inject(fault) { $0.path.contains("/blobs/") } }
        registry.clearRequests()
        let probe = BandwidthProbe(client, maxBytes: maxBytes, maxDuration: maxDuration)
        let measurement = try await probe.measure(images)
        try await client.shutdown()
        return (measurement, registry.requests.map { "\($0.method) \($0.path)" })
      } catch {
        try? await client.shutdown()
        throw error
      }
    }
  }

  @Test("What a link carries is what is measured, and no faster")
  func measures() async throws {
    let (measurement, _) = try await Self.measure([[400_000]], limit: 2_000_000)
    let bandwidth = try #require(measurement?.bandwidth)
    #expect(bandwidth > 200_000 && bandwidth < 2_300_000, "\(bandwidth)")
    #expect(measurement?.requestTime ?? .zero > .zero)
  }

  @Test("The largest layers are read first, and no more than allowed")
  func bounded() async throws {
    let (measurement, requests) = try await Self.measure([[3_000_000, 1000], [900_000]], maxBytes: 1_000_000)
    #expect(requests.count { $0.contains("/blobs/") } == 1)
    let bytes = try #require(measurement?.bytes)
    #expect(bytes >= 1_000_000 && bytes < 3_000_000)
  }

  @Test("Small layers are read one after the other; too few bytes tell nothing")
  func small() async throws {
    let (measurement, requests) = try await Self.measure([[2000, 1000], [1500]])
    #expect(requests.count { $0.contains("/blobs/") } == 3)
    #expect(measurement?.bytes ?? 0 > 4500)
    #expect(measurement?.bandwidth == nil)
  }

  @Test("The time is bounded too: what came until then counts")
  func slow() async throws {
    let (measurement, _) = try await Self.measure(
      [[5_000_000]], limit: 1_000_000, maxDuration: .seconds(1))
    let bytes = try #require(measurement?.bytes)
    #expect(bytes > 0 && bytes < 5_000_000)
  }

  @Test("A registry that breaks off has been measured; one that gives nothing has not")
  func broken() async throws {
    let (measurement, _) = try await Self.measure([[900_000]], fault: .truncate(after: 500_000))
    #expect(measurement?.bytes ?? 0 > 0)
    await #expect(throws: RegistryError.self) { _ = try await Self.measure([[900_000]], fault: .status(500)) }
  }

  @Test("No layers, no measurement")
  func nothing() async throws {
    #expect(try await Self.measure([]).measurement == nil)
  }
}
