import Networking
import VirtualCluster
@testable import Checking
import Foundation
import ImageModel
import Logging
import Registry
import Testing

@Suite("What registries say of images", .timeLimit(.minutes(2)))
struct ImageInspectorTests {
  private static func with(
    platforms: [Platform] = [CheckLab.amd64], isExact: Bool = false, limit: Duration = .seconds(30),
    _ body: (EmbeddedRegistry, ImageInspector) async throws -> Void
  ) async throws {
    try await withEmbeddedRegistry { registry in
      var configuration = RegistryConfiguration()
      configuration.retry = .init(attempts: 1)
      let client = RegistryClient(
        configuration: configuration, credentials: NoCredentials(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      do {
        let inspector = ImageInspector(registry: client, platforms: platforms, isExact: isExact, limit: limit)
        try await body(registry, inspector)
        try await client.shutdown()
      } catch {
        try? await client.shutdown()
        throw error
      }
    }
  }

  private static func one(_ inspector: ImageInspector, _ reference: Reference) async throws -> ImageInspector.Outcome {
    try #require(try await inspector.inspect([reference]).first)
  }

  private static func failure(_ inspector: ImageInspector, _ reference: Reference) async throws -> InspectionFailure {
    let outcome = try await one(inspector, reference)
    guard case .failure(let failure) = outcome else {
      Issue.record("\(outcome)")
      return InspectionFailure(.fault, "", "")
    }
    return failure
  }

  @Test func anIndexForSeveralPlatforms() async throws {
    try await Self.with(platforms: [CheckLab.arm64, CheckLab.amd64]) { registry, inspector in
      let sample = try SampleImage(layers: [1000, 3000], platforms: [CheckLab.amd64, CheckLab.arm64], gzip: true)
      let reference = registry.add(sample)
      registry.inject(.headers(["RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "76;w=21600"])) {
        $0.path.hasSuffix("/v1")
      }
      let image = try await Self.one(inspector, reference).get()
      #expect(image.descriptor.digest == sample.index?.descriptor.digest)
      #expect(image.platforms == [CheckLab.amd64, CheckLab.arm64])
      #expect(image.created == "2024-01-01T00:00:00Z")
      #expect(image.rateLimit == RateLimit(limit: 100, remaining: 76, window: .seconds(21_600)))
      #expect(image.variants.count == 2)
      let variant = try #require(image.variants[CheckLab.arm64])
      #expect(variant.layers.map(\.descriptor) == sample.variants[1].layers.map(\.descriptor))
      #expect(
        variant.size
          == sample.variants[1].layers.reduce(sample.variants[1].config.descriptor.size) { $0 + $1.descriptor.size })
      #expect(!variant.unpacked.isKnown)
      // The index, two manifests, one configuration; nobody asks whether the registry is there.
      #expect(registry.requests.count { $0.path != "/v2/" } == 4)
    }
  }

  @Test func anImageWithoutIndexTellsItsPlatformItself() async throws {
    try await Self.with { registry, inspector in
      let reference = registry.add(try SampleImage(platforms: [CheckLab.arm64]))
      let image = try await Self.one(inspector, reference).get()
      #expect(image.platforms == [CheckLab.arm64])
      // Nothing for what was asked, but its size is known.
      #expect(image.variants.keys.map(\.self) == [CheckLab.arm64])
    }
  }

  @Test func exactSizesComeFromTheEndOfLayers() async throws {
    try await Self.with(isExact: true) { registry, inspector in
      let sample = try SampleImage(layers: [10_000, 20_000], platforms: [CheckLab.amd64], gzip: true)
      let reference = registry.add(sample)
      let image = try await Self.one(inspector, reference).get()
      let plain = try SampleImage(layers: [10_000, 20_000], platforms: [CheckLab.amd64])
      let expected = plain.variants[0].layers.map(\.descriptor.size)
      #expect(image.variants[CheckLab.amd64]?.layers.map(\.unpacked.bytes) == expected)
      #expect(image.variants[CheckLab.amd64]?.unpacked.isKnown == true)
      let ranges = registry.requests.compactMap { $0.headers["range"] }
      #expect(ranges.count == 2)
      // Where there are no ranges, whole layers are not read for it.
      registry.inject(.ignoreRange) { $0.headers["range"] != nil }
      let again = try await Self.one(inspector, reference).get()
      #expect(again.variants[CheckLab.amd64]?.unpacked.isKnown == false)
    }
  }

  @Test func attestationsAreCountedAndNotTakenForImages() async throws {
    try await Self.with { registry, inspector in
      let sample = try SampleImage(platforms: [CheckLab.amd64])
      registry.add(sample)
      var attestation = CheckLab.layer(5, type: MediaType.ociManifest)
      attestation.platform = Platform(os: "unknown", architecture: "unknown")
      attestation.annotations = ["vnd.docker.reference.type": "attestation-manifest"]
      let reference = try Self.add(
        Index(manifests: [sample.variants[0].manifest.descriptor, attestation]), to: registry)
      let image = try await Self.one(inspector, reference).get()
      #expect(image.attestations == 1)
      #expect(image.platforms == [CheckLab.amd64])
      // Nothing but attestations is no image.
      let alone = try Self.add(Index(manifests: [attestation]), to: registry)
      #expect(try await Self.failure(inspector, alone).code == .artifact)
    }
  }

  @Test func whatIsNoImage() async throws {
    try await Self.with { registry, inspector in
      let chart = Manifest(
        config: CheckLab.layer(1, type: "application/vnd.cncf.helm.config.v1+json"), layers: [CheckLab.layer(2)])
      let failure = try await Self.failure(inspector, try Self.add(chart, MediaType.ociManifest, to: registry))
      #expect(failure.code == .artifact)
      #expect(failure.detail.contains("a Helm chart"))
      let broken = SampleImage.Blob(Array(#"{"schemaVersion":2,"config":7}"#.utf8), mediaType: MediaType.ociManifest)
      #expect(try await Self.failure(inspector, registry.add(manifest: broken)).code == .malformedImage)
      let old = SampleImage.Blob(
        Array(#"{"schemaVersion":1}"#.utf8), mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws")
      let schema1 = try await Self.failure(inspector, registry.add(manifest: old))
      #expect(schema1.code == .unsupportedMediaType)
      #expect(schema1.detail.contains("schema 1"))
    }
  }

  @Test(
    "The type of a manifest's answer is kept where it is no manifest's",
    arguments: [
      ("application/json", "application/json"), ("", ""),
      (MediaType.ociManifest.uppercased(), MediaType.ociManifest.uppercased()),
      (MediaType.ociManifest + "; charset=utf-8", nil),
    ] as [(String, String?)])
  func vagueType(_ type: String, _ kept: String?) async throws {
    try await Self.with { registry, inspector in
      let reference = registry.add(try SampleImage(platforms: [CheckLab.amd64]))
      registry.inject(.headers(["Content-Type": type])) { $0.path.contains("/manifests/") }
      #expect(try await Self.one(inspector, reference).get().vagueType == kept)
    }
  }

  @Test("An index whose entries name no platform is judged by what they lead to")
  func platformsOfConfigurations() async throws {
    try await Self.with { registry, inspector in
      let samples = try [CheckLab.arm64, CheckLab.amd64].map { try SampleImage(platforms: [$0]) }
      for sample in samples { registry.add(sample) }
      let entries = samples.map { sample in
        var entry = sample.root.descriptor
        entry.platform = nil
        return entry
      }
      let good = try Self.add(Index(manifests: entries.reversed()), to: registry)
      let image = try await Self.one(inspector, good).get()
      #expect(image.platforms == [CheckLab.amd64])
      #expect(image.variants[CheckLab.amd64]?.descriptor.digest == entries[1].digest)
      let bad = try Self.add(Index(manifests: entries), to: registry)
      let failure = try await Self.failure(inspector, bad)
      #expect(failure.code == .noPlatform)
      #expect(failure.detail.contains("linux/arm64"))
    }
  }

  @Test("A signature beside images of other platforms does not hide them")
  func signatureBesideImages() async throws {
    try await Self.with { registry, inspector in
      let other = try SampleImage(platforms: [CheckLab.arm64])
      registry.add(other)
      let payload = SampleImage.Blob(
        Array("{}".utf8), mediaType: "application/vnd.dev.cosign.simplesigning.v1+json")
      let signature = SampleImage.Blob(
        Array(
          try JSONEncoder().encode(
            Manifest(config: other.variants[0].config.descriptor, layers: [payload.descriptor]))),
        mediaType: MediaType.ociManifest)
      registry.add(manifest: signature, tag: nil)
      let reference = try Self.add(
        Index(manifests: [signature.descriptor, other.variants[0].manifest.descriptor]), to: registry)
      let image = try await Self.one(inspector, reference).get()
      #expect(image.platforms == [CheckLab.arm64])
      #expect(image.variants[CheckLab.amd64] == nil)
      #expect(try await Self.failure(inspector, registry.add(manifest: signature)).detail.contains("a signature"))
    }
  }

  @Test("A configuration without a platform keeps nobody from pulling")
  func noPlatformAtAll() async throws {
    try await Self.with(platforms: [CheckLab.arm64, CheckLab.amd64]) { registry, inspector in
      let config = SampleImage.Blob(Array(#"{"rootfs":{"diff_ids":null}}"#.utf8), mediaType: MediaType.ociConfig)
      registry.add(config)
      let reference = try Self.add(
        Manifest(config: config.descriptor, layers: []), MediaType.ociManifest, to: registry)
      let image = try await Self.one(inspector, reference).get()
      #expect(image.platforms.isEmpty)
      #expect(image.variants.count == 2)
    }
  }

  @Test func aRegistryThatAnswersHTML() async throws {
    try await Self.with { registry, inspector in
      let reference = registry.add(try SampleImage())
      for status in [200, 404, 502] {
        registry.clearFaults()
        registry.inject(
          .status(status, headers: ["Content-Type": "text/html"], body: "<html><body>Log in</body></html>")
        ) { $0.path != "/v2/" }
        let failure = try await Self.failure(inspector, reference)
        #expect(failure.code == (status == 404 ? .notFound : .fault))
        #expect(failure.detail.contains("an HTML page"), "\(failure)")
        #expect(!failure.detail.contains("<"))
      }
    }
  }

  @Test func theKnownReasons() async throws {
    try await Self.with(limit: .milliseconds(300)) { registry, inspector in
      let reference = registry.add(try SampleImage())
      func code(_ fault: RegistryFault) async throws -> CheckCode {
        registry.clearFaults()
        registry.inject(fault) { $0.path != "/v2/" }
        return try await Self.failure(inspector, reference).code
      }
      #expect(try await code(.status(401)) == .unauthorized)
      #expect(try await code(.status(403)) == .denied)
      #expect(try await code(.status(404)) == .notFound)
      #expect(try await code(.status(429)) == .rateLimited)
      #expect(try await code(.status(500)) == .fault)
      #expect(try await code(.corrupt) == .digestMismatch)
      #expect(try await code(.hang) == .timedOut)
      #expect(try await Self.failure(inspector, Reference(parsing: "127.0.0.1:1/a/b:1")).code == .refused)
      #expect(try await Self.failure(inspector, Reference(parsing: "registry.invalid/a/b:1")).code == .noSuchHost)
    }
  }

  @Test func manyImagesKeepTheirOrderAndOneBadOneStopsNone() async throws {
    try await Self.with { registry, inspector in
      let good = try (0..<60).map {
        try registry.addModelled("app/n\($0)", layers: [1000], platforms: [CheckLab.amd64])
      }
      registry.inject(.status(500)) { $0.path.contains("/n7/") }
      let outcomes = try await inspector.inspect(good)
      #expect(outcomes.count == 60)
      let codes = outcomes.map { outcome in
        if case .failure(let failure) = outcome { failure.code } else { CheckCode?.none }
      }
      #expect(codes.enumerated().allSatisfy { $0.element == ($0.offset == 7 ? .fault : nil) }, "\(codes)")
      #expect(try outcomes[59].get().variants[CheckLab.amd64]?.size == 2500)
    }
  }

  @Test("A registry that answers nobody is not asked about each image; one that answers is")
  func silence() async throws {
    try await Self.with(limit: .milliseconds(500)) { registry, inspector in
      let references = try (0..<200).map { try Reference(parsing: "\(registry.host)/app/n\($0):1") }
      registry.inject(.hang) { $0.path != "/v2/" }
      let outcomes = try await inspector.inspect(references)
      let codes = outcomes.map { outcome in
        if case .failure(let failure) = outcome { failure.code } else { CheckCode?.none }
      }
      #expect(codes == Array(repeating: .timedOut, count: 200))
      // Seven waves of 32 would be 200.
      #expect(registry.requests.count { $0.path != "/v2/" } < 100)
      registry.clearFaults()
      registry.clearRequests()
      registry.inject(.hang) { $0.path.hasSuffix("/n0/manifests/1") || $0.path.hasSuffix("/n1/manifests/1") }
      #expect(try await inspector.inspect(references).count == 200)
      #expect(Set(registry.requests.map(\.path)).count >= 200)
    }
  }

  private static func add(
    _ document: some Encodable, _ type: String = MediaType.ociIndex, to registry: EmbeddedRegistry
  ) throws -> Reference {
    registry.add(manifest: SampleImage.Blob(Array(try JSONEncoder().encode(document)), mediaType: type))
  }
}
