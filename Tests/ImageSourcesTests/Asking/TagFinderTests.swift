import ImageModel
import ImageSources
import Logging
import Networking
import Registry
import Testing
import VirtualCluster

@Suite("Sources: tags of a registry", .timeLimit(.minutes(2)))
struct TagFinderTests {
  private static func find(
    _ registry: EmbeddedRegistry, repository: String = "team/app", semver: String? = nil, regex: String? = nil,
    order: TagSource.Order = .semver, newest: Int = 3, times: CreationTimes = CreationTimes()
  ) async throws -> SourceFinding {
    var configuration = RegistryConfiguration(userAgent: "prepull/test")
    configuration.retry = .never
    let client = RegistryClient(
      configuration: configuration, credentials: NoCredentials(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let source = TagSource(
      repository: "\(registry.host)/\(repository)", filter: try TagFilter(semver: semver, regex: regex), order: order,
      newest: newest)
    do {
      let finding = try await TagFinder(registry: client, times: times).find(source)
      try await client.shutdown()
      return finding
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  @Test("The newest versions of thousands of tags, in pages")
  func versions() async throws {
    try await withEmbeddedRegistry { registry in
      let many = (0..<30).flatMap { minor in (0..<100).map { "1.\(minor).\($0)" } }
      registry.list(many + ["latest", "main", "sha-0123", "2.0.0"], of: "team/app")
      registry.limit(tagsOfPage: 250)
      let finding = try await Self.find(registry, semver: ">=1.4 <2")
      #expect(
        finding.images.map(\.reference)
          == ["1.29.99", "1.29.98", "1.29.97"].map { "\(registry.host)/team/app:\($0)" })
      #expect(registry.requests.count { $0.path.hasSuffix("/tags/list") } == 13)
      let none = try await Self.find(registry, semver: "^9")
      #expect(none.images.isEmpty && none.remarks == ["of its 3004 tags none matches"])
    }
  }

  @Test("The newest by the time at which they were made; what is known of a digest is not asked again")
  func created() async throws {
    try await withEmbeddedRegistry { registry in
      for (tag, time) in [
        ("b", "2024-03-01T00:00:00Z"), ("a", "2024-05-01T02:00:00.123456789+02:00"), ("c", "2023-01-01T00:00:00Z"),
        ("d", "1970-01-01T00:00:00Z"), ("other", "2025-01-01T00:00:00Z"),
      ] {
        registry.add(
          try SampleImage(seed: UInt64(tag.utf8.first ?? 0), layers: [100], created: time), to: "team/app", tag: tag)
      }
      let times = CreationTimes()
      let finding = try await Self.find(registry, regex: "^[a-d]$", order: .created, newest: 2, times: times)
      #expect(finding.images.map(\.reference) == ["a", "b"].map { "\(registry.host)/team/app:\($0)" })
      #expect(finding.remarks == ["1 of its images do not say when they were made"])
      registry.clearRequests()
      _ = try await Self.find(registry, regex: "^[a-d]$", order: .created, newest: 2, times: times)
      #expect(registry.requests.count { $0.path.contains("/blobs/") } == 0)
      #expect(registry.requests.count { $0.method == "HEAD" } == 4)
    }
  }

  @Test("More matches than may be looked up are too many")
  func tooMany() async throws {
    try await withEmbeddedRegistry { registry in
      registry.list((0...100).map { "t\($0)" }, of: "team/app")
      let error = await #expect(throws: SourceError.self) { try await Self.find(registry, order: .created) }
      #expect(error?.code == .tooLarge && error?.detail.contains("101") ?? false)
      #expect(!registry.requests.contains { $0.path.contains("/manifests/") })
    }
  }

  @Test("A repository that is not there, and a registry that has no lists")
  func missing() async throws {
    try await withEmbeddedRegistry { registry in
      let error = await #expect(throws: SourceError.self) { try await Self.find(registry) }
      #expect(error?.code == .noTags)
      registry.list(["1.0.0"], of: "team/app")
      registry.inject(.status(404)) { $0.path.hasSuffix("/tags/list") }
      let other = await #expect(throws: SourceError.self) { try await Self.find(registry) }
      #expect(other?.code == .noTags && other?.remedy.contains("no lists of tags") ?? false)
    }
  }
}
