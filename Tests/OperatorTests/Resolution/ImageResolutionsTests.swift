import Serving
import KubeAPIServer
import TestKit
import VirtualCluster
import Warming
@testable import Operator
import ImageModel
import Kubernetes
import Synchronization
import Testing

@Suite("Resolution: against a registry", .timeLimit(.minutes(10)))
struct ImageResolutionsTests {
  private let amd64: Set = [Platform(os: "linux", architecture: "amd64")]

  /// A clock that tests move.
  private final class Clock: Sendable {
    private let time = Mutex(Duration.seconds(1_000_000))
    var now: Duration { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 += duration } }
  }

  private struct Lab: Sendable {
    let cluster: WatchedCluster
    let resolutions: ImageResolutions
    let clock: Clock
    let metrics: ControllerMetrics

    var registry: EmbeddedRegistry { cluster.sandbox.registry }

    func key(_ reference: Reference, secrets: [String] = []) -> ResolutionKey {
      ResolutionKey(reference: "\(reference)", namespace: "default", secrets: secrets)
    }

    /// Waits for an answer that `isRight`, and forgets the registry's requests before it if asked to.
    func answer(
      _ what: String, _ key: ResolutionKey, where isRight: @escaping @Sendable (ResolutionAnswer) -> Bool
    ) async throws -> ResolutionAnswer {
      try await first(what, of: resolutions.changes) { $0.key == key && isRight($0.answer) }.answer
    }
  }

  private func withLab(
    secretMemory: Duration = .seconds(45), _ body: @Sendable (Lab) async throws -> Void
  ) async throws {
    try await WatchedCluster.with { cluster in
      let clock = Clock()
      let metrics = ControllerMetrics()
      let resolutions = ImageResolutions(
        registry: WatchedCluster.registry, client: cluster.client, metrics: metrics, now: { clock.now },
        tick: .milliseconds(20), secretMemory: secretMemory, logger: WatchedCluster.logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await resolutions.run() }
        defer { group.cancelAll() }
        try await body(Lab(cluster: cluster, resolutions: resolutions, clock: clock, metrics: metrics))
      }
    }
  }

  @Test("A refresh of a tag that did not move is one HEAD; a moved one is read anew, once")
  func refresh() async throws {
    try await withLab { lab in
      let platforms = [Platform(os: "linux", architecture: "amd64"), Platform(os: "linux", architecture: "arm64")]
      let image = lab.registry.add(try SampleImage(seed: 1, platforms: platforms))
      let key = lab.key(image)
      let requests = (0..<3).map { _ in ResolutionRequest(key, refreshEvery: .seconds(3600)) }
      await lab.resolutions.want(requests, platforms: Set(platforms))
      let old = try await lab.answer("the first answer", key) { $0.resolution != nil }
      #expect(old.resolution?.variants.count == 2)
      #expect(old.digest == old.resolution?.digest && old.problem == nil)
      #expect(
        lab.registry.requests.filter { $0.path.contains("/manifests/") }.map(\.method) == ["HEAD", "GET", "GET", "GET"])

      lab.registry.clearRequests()
      lab.clock.advance(.seconds(3600))
      let refreshed = try await lab.answer("the refresh", key) { $0.resolvedAt == lab.clock.now }
      #expect(refreshed.digest == old.digest)
      #expect(lab.registry.requests.map(\.description) == ["HEAD /v2/test/image/manifests/v1"])

      lab.registry.add(try SampleImage(seed: 2, platforms: platforms))
      lab.registry.clearRequests()
      lab.clock.advance(.seconds(3600))
      let moved = try await lab.answer("the moved tag", key) { $0.digest != old.digest }
      #expect(moved.resolution?.variants["arm64"] != old.resolution?.variants["arm64"])
      #expect(lab.registry.requests.map(\.method) == ["HEAD", "GET", "GET", "GET"])
      let host = lab.registry.host
      #expect(
        ["resolved", "unchanged", "moved", "failed"].map { lab.metrics.resolutions.value(host, $0) } == [1, 1, 1, 0])
    }
  }

  @Test("A registry that is down, or lies about a digest, takes nothing away")
  func down() async throws {
    try await withLab { lab in
      let key = lab.key(lab.registry.add(try SampleImage(seed: 1)))
      await lab.resolutions.want([ResolutionRequest(key, refreshEvery: .seconds(60))], platforms: amd64)
      let good = try await lab.answer("the first answer", key) { $0.resolution != nil }
      lab.registry.inject(.status(503))
      lab.clock.advance(.seconds(60))
      let failed = try await lab.answer("the failure", key) { $0.problem != nil }
      #expect(failed.resolution == good.resolution)
      #expect(!failed.isRefused)

      lab.registry.clearFaults()
      let other = "sha256:" + String(repeating: "0", count: 64)
      lab.registry.inject(.headers(["Docker-Content-Digest": other])) { $0.method == "HEAD" }
      lab.clock.advance(.seconds(60))
      let lied = try await lab.answer("the lie", key) { $0.problem?.code != failed.problem?.code }
      #expect(lied.digest == good.digest)
      #expect(lied.resolution == good.resolution)

      lab.registry.clearFaults()
      lab.clock.advance(.seconds(600))
      let healed = try await lab.answer("the recovery", key) { $0.problem == nil }
      #expect(healed.resolution == good.resolution)
    }
  }

  @Test("A tag that is not there is the registry's no, until it is")
  func missing() async throws {
    try await withLab { lab in
      let reference = Reference(registry: lab.registry.host, repository: "test/image", tag: "v1", digest: nil)
      let key = lab.key(reference)
      await lab.resolutions.want([ResolutionRequest(key)], platforms: amd64)
      let missing = try await lab.answer("the no", key) { $0.problem != nil }
      #expect(missing.refusal?.code == "notFound")
      lab.registry.add(try SampleImage())
      await lab.resolutions.hurry([key])
      let found = try await lab.answer("the image", key) { $0.resolution != nil }
      #expect(found.refusal == nil)
    }
  }

  @Test("After a restart the digest of before holds, although the tag moved")
  func restart() async throws {
    try await withLab { lab in
      let old = try SampleImage(seed: 1)
      let reference = lab.registry.add(old)
      lab.registry.add(try SampleImage(seed: 2))
      let key = lab.key(reference)
      let known = ResolutionRequest.Known(digest: old.root.descriptor.digest, resolvedAt: lab.clock.now)
      await lab.resolutions.want([ResolutionRequest(key, known: known)], platforms: amd64)
      let answer = try await lab.answer("the old digest's documents", key) { $0.resolution != nil }
      #expect(answer.digest == old.root.descriptor.digest)
      #expect(answer.resolvedAt == known.resolvedAt)
    }
  }

  @Test("Pull secrets open what they name; a secret that may not be read makes no registry's answer a refusal")
  func secrets() async throws {
    try await withLab { lab in
      let reference = lab.registry.add(try SampleImage(), to: "private/app")
      lab.registry.require(.basic(username: "reader", password: "pass-word"), under: "private/")
      try await lab.cluster.secret("regcred", in: "default", for: lab.registry.host, "reader", "pass-word")
      let open = lab.key(reference, secrets: ["regcred"])
      await lab.resolutions.want([ResolutionRequest(open)], platforms: amd64)
      _ = try await lab.answer("the private image", open) { $0.resolution != nil }

      lab.cluster.sandbox.server.faults.deny(DeniedPermission(verb: "get", resource: "secrets"))
      lab.cluster.sandbox.server.faults.resetCounts()
      let hidden = (0..<4).map { number in
        lab.key(
          Reference(registry: lab.registry.host, repository: "private/\(number)", tag: "v1", digest: nil),
          secrets: ["other"])
      }
      let absent = lab.key(
        Reference(registry: lab.registry.host, repository: "test/absent", tag: "v1", digest: nil), secrets: ["other"])
      await lab.resolutions.want((hidden + [absent]).map { ResolutionRequest($0) }, platforms: amd64)
      var open5 = Set(hidden + [absent])
      while !open5.isEmpty {
        let rest = open5
        let change = try await first("an answer", of: lab.resolutions.changes) {
          rest.contains($0.key) && $0.answer.problem != nil
        }
        open5.remove(change.key)
        #expect(!change.answer.isRefused, "\(change.key)")
        #expect(change.answer.problem?.remedy.contains("--grant-secrets") == true)
        #expect(change.answer.problem?.detail.contains("other") == true)
      }
      let reads = lab.cluster.sandbox.server.faults.requestCounts.filter { $0.key.resource == "secrets" }
      #expect(reads.values.reduce(0, +) == 1, "the refusal is remembered")
    }
  }

  @Test("A secret that is granted is used soon, for every image that waits for it, however late they were to be asked")
  func granted() async throws {
    try await withLab(secretMemory: .milliseconds(300)) { lab in
      lab.registry.require(.basic(username: "reader", password: "pass-word"), under: "private/")
      try await lab.cluster.secret("regcred", in: "default", for: lab.registry.host, "reader", "pass-word")
      let denied = DeniedPermission(verb: "get", resource: "secrets")
      lab.cluster.sandbox.server.faults.deny(denied)
      let keys = try (1...3).map {
        lab.key(lab.registry.add(try SampleImage(), to: "private/\($0)"), secrets: ["regcred"])
      }
      await lab.resolutions.want(keys.map { ResolutionRequest($0) }, platforms: amd64)
      var waiting = Set(keys)
      while !waiting.isEmpty {
        let rest = waiting
        waiting.remove(
          try await first("a refusal", of: lab.resolutions.changes) {
            rest.contains($0.key) && $0.answer.problem != nil
          }
          .key)
      }
      // The clock of the schedule stands still: nothing is due by itself.
      lab.cluster.sandbox.server.faults.allow(denied)
      waiting = Set(keys)
      while !waiting.isEmpty {
        let rest = waiting
        waiting.remove(
          try await first("an answer", of: lab.resolutions.changes) {
            rest.contains($0.key) && $0.answer.resolution != nil
          }.key)
      }
    }
  }
}
