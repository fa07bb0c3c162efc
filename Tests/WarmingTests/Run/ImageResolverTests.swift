import Networking
import VirtualCluster
@testable import Warming
import Documents
import Foundation
import ImageModel
import Logging
import Registry
import Testing

/// What a registry answers is the matter of its image and of no other.
@Suite("Resolving images for a run", .timeLimit(.minutes(2)))
struct ImageResolverTests {
  private static let platforms: Set = [
    Platform(os: "linux", architecture: "amd64"), Platform(os: "linux", architecture: "arm64"),
  ]

  private func resolve(
    _ documents: [(type: String, text: String)], beside good: SampleImage? = nil
  ) async throws -> [PreflightReport.Image] {
    try await withEmbeddedRegistry { registry in
      var configuration = RegistryConfiguration()
      configuration.retry = .never
      let client = RegistryClient(
        configuration: configuration, credentials: Registry.NoCredentials(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      var references = good.map { [registry.add($0, tag: "good")] } ?? []
      for (number, document) in documents.enumerated() {
        let blob = SampleImage.Blob(Array(document.text.utf8), mediaType: document.type)
        references.append(registry.add(manifest: blob, tag: "odd-\(number)"))
      }
      let images = references.map { WantedImage(given: $0.familiar, reference: $0) }
      let resolver = ImageResolver(registry: client, platforms: Self.platforms)
      let result = try await resolver.resolve(images, hasOtherCredentials: false)
      try await client.shutdown()
      return result
    }
  }

  @Test("A document of another form is that image's failure, in words of ours")
  func oddDocuments() async throws {
    let texts = [
      "", "no JSON", "[]", #"{"manifests":7}"#, #"{"layers":7}"#, #"{"config":null,"layers":null}"#,
      #"{"manifests":[{"platform":{"os":"linux","architecture":"amd64"},"size":"7"}]}"#,
      #"{"config":{"digest":"sha256:x"}}"#,
    ]
    let odd = texts.flatMap { text in [MediaType.ociIndex, MediaType.ociManifest].map { (type: $0, text: text) } }
    let images = try await resolve(odd, beside: SampleImage(platforms: Array(Self.platforms)))
    #expect(images[0].resolution?.variants.count == 2)
    for image in images.dropFirst() {
      let problem = try #require(image.problem, "\(image.image.given)")
      #expect(!image.isRefused, "nodes may read it")
      #expect(["malformedImage", "noPlatform"].contains(problem.code), "\(problem)")
      #expect(!problem.detail.contains("Coding") && !problem.detail.contains("debugDescription"))
    }
  }

  @Test("An artifact is refused before any node is asked")
  func artifact() async throws {
    let digest = Digest(bytes: Array(repeating: 1, count: 32))
    let chart = Manifest(
      config: Descriptor(mediaType: "application/vnd.cncf.helm.config.v1+json", digest: digest, size: 2), layers: [])
    let text = try JSON(encoding: chart).text
    let images = try await resolve([(MediaType.ociManifest, text)])
    #expect(images[0].problem?.code == "artifact")
    #expect(images[0].isRefused)
  }
}
