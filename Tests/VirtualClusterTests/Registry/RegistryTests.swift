import Networking
import Kubernetes
import ImageModel
import NIOCore
import Registry
import Testing

@testable import VirtualCluster

@Suite(.timeLimit(.minutes(10))) struct SampleRegistryTests {
  private func client(_ credentials: any CredentialSource = NoCredentials()) -> RegistryClient {
    var configuration = RegistryConfiguration()
    configuration.retry = .init(attempts: 1)
    return RegistryClient(configuration: configuration, credentials: credentials, logger: Cluster.logger)
  }

  private struct Sample: CredentialSource {
    func credential(for registry: String, repository: String) -> RegistryCredential? {
      .basic(username: SampleImages.username, password: SampleImages.password)
    }
  }

  @Test func servesImagesOfSeveralSizesAndPlatforms() async throws {
    try await withEmbeddedRegistry { registry in
      // One is for Windows only.
      let references = try SampleImages.add(to: registry).filter { $0.repository != "sample/iis" }
      let client = client(Sample())
      var sizes: [Int64] = []
      for reference in references {
        sizes.append(try await client.image(reference, platform: Platform(parsing: "amd64")).compressedSize)
      }
      #expect(sizes.max() ?? 0 > 3_000_000)
      #expect(sizes.min() ?? .max < 20_000)
      let arm = try Platform(parsing: "arm64")
      let error = await #expect(throws: RegistryError.self) {
        for reference in references { _ = try await client.image(reference, platform: arm) }
      }
      #expect(error?.code == .noPlatform)
      #expect(error?.subject.contains("amd64-only") == true)
      try await client.shutdown()
    }
  }

  @Test func onlyThePrivateOneNeedsCredentials() async throws {
    try await withEmbeddedRegistry { registry in
      let references = try SampleImages.add(to: registry)
      let client = client()
      for reference in references {
        if reference.repository == "sample/private" {
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(error?.code == .unauthorized)
        } else {
          _ = try await client.resolve(reference)
        }
      }
      try await client.shutdown()
    }
  }

  @Test func slowBodiesArriveWhole() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage(layers: [20_000])
      let reference = registry.add(image)
      registry.inject(.slow(200_000)) { $0.path.contains("blobs") }
      let client = client()
      let layer = try #require(image.variants[0].layers.first)
      let bytes = try await client.blob(layer.descriptor, of: reference) { stream in
        var bytes: [UInt8] = []
        for try await part in stream { bytes += part.readableBytesView }
        return bytes
      }
      #expect(bytes == layer.bytes)
      try await client.shutdown()
    }
  }

  @Test func modelledImagesResolveLikeOthers() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = try registry.addModelled("model/app", layers: [1 << 40, 5])
      let client = client()
      let image = try await client.image(reference, platform: Platform(parsing: "arm64"))
      #expect(image.compressedSize == (1 << 40) + 5 + 1500)
      #expect(try await client.document(image.manifest.config, of: reference).bytes.count > 100)
      #expect(try registry.addModelled("model/app", layers: [1 << 40, 5]) == reference)
      try await client.shutdown()
    }
  }

  @Test func forgetsOldRequests() {
    var requests = RecentRequests()
    for number in 0..<(RecentRequests.limit + 5) {
      requests.append(RecordedRequest(method: "GET", path: "/\(number)"))
    }
    #expect(requests.all.count == RecentRequests.limit)
    #expect(requests.all.first?.path == "/5" && requests.all.last?.path == "/\(RecentRequests.limit + 4)")
  }
}
