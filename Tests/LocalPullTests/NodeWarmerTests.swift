import LocalPull
import Networking
import Kubernetes
import Foundation
import ImageModel
import Logging
import Registry
import Runtimes
import Synchronization
import TestKit
import Testing
import VirtualCluster

/// A runtime whose pulls end as the test says.
private final class ScriptedRuntime: Runtime {
  struct State {
    var images: [Reference: RuntimeImage] = [:]
    var failures: [RuntimeError] = []
    var pulls: [PullOrder] = []
    var running = 0
    var mostRunning = 0
  }

  let endpoint = RuntimeEndpoint(kind: .cri, path: "/scripted.sock")
  let state = Mutex(State())
  /// What a pull leaves behind; `nil` is the resolved digest, or one of its own where nothing was resolved.
  let digest: Digest?
  let pullTime: Duration
  /// Pulls wait until so many have run at the same time.
  let crowd: Int

  init(digest: Digest? = nil, pullTime: Duration = .zero, crowd: Int = 0) {
    self.digest = digest
    self.pullTime = pullTime
    self.crowd = crowd
  }

  func identify() -> RuntimeIdentity {
    RuntimeIdentity(name: "scripted", version: "1", apiVersion: "v1", platform: .host)
  }
  func list() -> [RuntimeImage] { state.withLock { Array($0.images.values) } }
  func image(_ reference: Reference) -> RuntimeImage? { state.withLock { $0.images[reference] } }
  func remove(_ reference: Reference) -> Bool { state.withLock { $0.images.removeValue(forKey: reference) != nil } }
  func space() -> ImageFileSystem { ImageFileSystem(path: "/", usedBytes: 0, availableBytes: nil, capacityBytes: nil) }

  func pull(_ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void) async throws -> RuntimeImage {
    let failure = state.withLock { state -> RuntimeError? in
      state.pulls.append(order)
      state.running += 1
      state.mostRunning = max(state.mostRunning, state.running)
      return state.failures.isEmpty ? nil : state.failures.removeFirst()
    }
    defer { state.withLock { $0.running -= 1 } }
    if let failure { throw failure }
    progress(PullProgress(phase: .downloading, completedBytes: 1, totalBytes: 2))
    try await Task.sleep(for: pullTime)
    try await eventually("\(crowd) pulls at once") { state.withLock { $0.mostRunning } >= crowd }
    let held = digest ?? order.resolved?.descriptor.digest ?? Self.own
    let image = RuntimeImage(id: "id", references: [order.reference.description], digests: [held], sizeBytes: 7)
    state.withLock { $0.images[order.reference] = image }
    return image
  }

  func fail(_ code: RuntimeError.Code) {
    let error = RuntimeError(
      code, endpoint: endpoint, operation: "pull", subject: "it", detail: "said so", remedy: "Wait.")
    state.withLock { $0.failures.append(error) }
  }

  static let own = Digest(bytes: Array(repeating: 9, count: 32))
}

@Suite("Warming a node", .timeLimit(.minutes(10)))
struct NodeWarmerTests {
  /// Warms with a registry client that is closed afterwards.
  private func warm(
    _ references: [Reference], with runtime: ScriptedRuntime, policy: PullPolicy = .ifNotPresent, parallelism: Int = 2,
    timeout: Duration? = nil, imageTimeout: Duration = .seconds(60),
    credentials: any CredentialSource = NoCredentials(),
    silence: Duration = .seconds(30), report: @escaping @Sendable (Int, WarmEvent) -> Void = { _, _ in }
  ) async throws -> [WarmResult] {
    var configuration = RegistryConfiguration()
    configuration.retry = .never
    configuration.idleTimeout = silence
    let registry = RegistryClient(
      configuration: configuration, credentials: credentials, logger: Logger(label: "test"))
    let warmer = NodeWarmer(
      runtime: runtime, registry: registry, credentials: credentials, platform: .host,
      settings: .init(
        parallelism: parallelism, policy: policy, timeout: timeout, imageTimeout: imageTimeout,
        retry: RetryPolicy(attempts: 3, base: .milliseconds(1))))
    let images = references.map { WantedImage(given: $0.description, reference: $0) }
    let results = await warmer.warm(images, report: report)
    try await registry.shutdown()
    return results
  }

  /// A reference to a registry that nobody runs.
  private let unreachable = Reference(registry: "127.0.0.1:1", repository: "app", tag: "v1", digest: nil)

  private func failure(_ result: WarmResult) -> WarmFailure? {
    if case .failed(let failure) = result.outcome { failure } else { nil }
  }

  @Test func resultsKeepTheOrderAndTheBound() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let references = (0..<7).map { registry.add(image, to: "image-\($0)") }
      let runtime = ScriptedRuntime(pullTime: .milliseconds(20), crowd: 3)
      let results = try await warm(references, with: runtime, parallelism: 3)
      #expect(results.map(\.image.reference) == references)
      #expect(results.map(\.digest) == Array(repeating: image.root.descriptor.digest, count: 7))
      #expect(runtime.state.withLock { $0.mostRunning } == 3)
    }
  }

  @Test func presentImagesAreTakenWithoutAskingARegistry() async throws {
    let runtime = ScriptedRuntime()
    let image = RuntimeImage(id: "i", references: [], digests: [ScriptedRuntime.own], sizeBytes: 3)
    runtime.state.withLock { $0.images[unreachable] = image }
    let results = try await warm([unreachable], with: runtime)
    guard case .alreadyThere = results[0].outcome else {
      Issue.record("\(results[0])")
      return
    }
    #expect(results[0].digest == ScriptedRuntime.own)
  }

  @Test func aPinnedDigestMustBeTheOneThatIsThere() async throws {
    try await withEmbeddedRegistry { registry in
      let tagged = registry.add(try SampleImage())
      let pinned = tagged.at(try SampleImage().root.descriptor.digest)
      let runtime = ScriptedRuntime()
      let stale = RuntimeImage(id: "i", references: [], digests: [ScriptedRuntime.own], sizeBytes: 3)
      runtime.state.withLock { $0.images[pinned] = stale }
      let results = try await warm([pinned], with: runtime)
      #expect(results[0].isWarm)
      #expect(runtime.state.withLock { $0.pulls.count } == 1, "another digest under the reference is not good enough")
    }
  }

  @Test func theRuntimeMayReachWhatWeCannot() async throws {
    let runtime = ScriptedRuntime()
    let events = Mutex<[String]>([])
    let results = try await warm([unreachable], with: runtime) { _, event in
      if case .unresolved(let error) = event { events.withLock { $0.append(error.code.rawValue) } }
    }
    #expect(results[0].isWarm)
    #expect(results[0].digest == ScriptedRuntime.own, "the runtime's own word is reported")
    #expect(events.withLock { $0 } == ["refused"], "and it is said that the registry was not asked by us")
  }

  @Test("A registry that this program cannot reach is asked once, and not for each image")
  func oneWaitForEachRegistry() async throws {
    try await withEmbeddedRegistry { registry in
      let references = try (0..<20).map { registry.add(try SampleImage(), to: "image-\($0)") }
      registry.inject(.hang) { $0.path != "/v2/" }
      let events = Mutex<[String]>([])
      let results = try await warm(references, with: ScriptedRuntime(), parallelism: 1, silence: .milliseconds(300)) {
        if case .unresolved(let error) = $1 { events.withLock { $0.append(error.code.rawValue) } }
      }
      #expect(!results.contains { !$0.isWarm })
      #expect(events.withLock { $0 } == Array(repeating: "timedOut", count: 20), "and it is said of each image")
      #expect(registry.requests.count { $0.path != "/v2/" } == 1)
    }
  }

  @Test("What this program cannot read is left to the runtime, and said better where that cannot either")
  func unreadableDocuments() async throws {
    try await withEmbeddedRegistry { registry in
      let blob = SampleImage.Blob(
        Array(#"{"schemaVersion":"2","config":7}"#.utf8), mediaType: MediaType.ociManifest)
      let reference = registry.add(manifest: blob)
      let runtime = ScriptedRuntime()
      var results = try await warm([reference], with: runtime)
      #expect(results[0].isWarm)

      runtime.state.withLock { $0 = .init() }
      runtime.fail(.fault)
      results = try await warm([reference], with: runtime)
      #expect(failure(results[0])?.code == "malformedImage")
      #expect(failure(results[0])?.detail.contains("'schemaVersion' is text instead of a whole number") == true)

      runtime.state.withLock { $0 = .init() }
      runtime.fail(.noSpace)
      results = try await warm([reference], with: runtime)
      #expect(failure(results[0])?.code == "noSpace")
    }
  }

  @Test("What is no image is not given to the runtime")
  func artifacts() async throws {
    try await withEmbeddedRegistry { registry in
      let config = SampleImage.Blob(Array("{}".utf8), mediaType: "application/vnd.cncf.helm.config.v1+json")
      registry.add(config)
      let chart = Manifest(config: config.descriptor, layers: [])
      let reference = registry.add(
        manifest: SampleImage.Blob(Array(try JSONEncoder().encode(chart)), mediaType: MediaType.ociManifest))
      let runtime = ScriptedRuntime()
      let results = try await warm([reference], with: runtime)
      #expect(failure(results[0])?.code == "artifact")
      #expect(failure(results[0])?.detail.contains("a Helm chart") == true)
      #expect(runtime.state.withLock { $0.pulls.isEmpty })
    }
  }

  private struct Logins: CredentialSource {
    let all: [RegistryCredential]
    func credential(for registry: String, repository: String) -> RegistryCredential? { all.first }
    func credentials(for registry: String, repository: String) -> [RegistryCredential] { all }
  }

  @Test("The runtime gets one login after the other while the registry refuses them")
  func logins() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let logins = Logins(all: ["a", "b", "c"].map { .basic(username: $0, password: "x") })
      let runtime = ScriptedRuntime()
      runtime.fail(.registry(.unauthorized))
      runtime.fail(.registry(.notFound))
      var results = try await warm([reference], with: runtime, credentials: logins)
      #expect(results[0].isWarm)
      #expect(runtime.state.withLock { $0.pulls.compactMap(\.credential) } == logins.all)

      runtime.state.withLock { $0 = .init() }
      runtime.fail(.noSpace)
      results = try await warm([reference], with: runtime, credentials: logins)
      #expect(failure(results[0])?.code == "noSpace", "another login makes no space")
      #expect(runtime.state.withLock { $0.pulls.count } == 1)
    }
  }

  @Test func aMissingTagIsNotLeftToTheRuntime() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let missing = Reference(registry: reference.registry, repository: "test/image", tag: "none", digest: nil)
      let runtime = ScriptedRuntime()
      let results = try await warm([missing, reference], with: runtime)
      #expect(failure(results[0])?.code == "notFound")
      #expect(results[1].isWarm, "the other image is not stopped by it")
      #expect(runtime.state.withLock { $0.pulls.map(\.reference) } == [reference])
    }
  }

  @Test func whatTheRuntimeHoldsMustBeWhatWasResolved() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let runtime = ScriptedRuntime(digest: ScriptedRuntime.own)
      let results = try await warm([reference], with: runtime)
      let found = try #require(failure(results[0]))
      #expect(found.code == "digestMismatch")
      #expect(found.detail.contains(ScriptedRuntime.own.description))
    }
  }

  @Test func alwaysPullsOnlyWhereTheDigestMoved() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let reference = registry.add(image)
      let runtime = ScriptedRuntime()
      _ = try await warm([reference], with: runtime, policy: .always)
      registry.clearRequests()
      _ = try await warm([reference], with: runtime, policy: .always)
      #expect(runtime.state.withLock { $0.pulls.count } == 1)
      let manifests = registry.requests.filter { $0.path.contains("/manifests/") }
      #expect(manifests.map(\.method) == ["HEAD"], "an unmoved tag costs one request that is no pull")
      registry.add(try SampleImage(seed: 5))
      _ = try await warm([reference], with: runtime, policy: .always)
      #expect(runtime.state.withLock { $0.pulls.count } == 2)
    }
  }

  @Test func passingFaultsAreTriedAgainAndOthersNot() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let runtime = ScriptedRuntime()
      runtime.fail(.died)
      runtime.fail(.registry(.rateLimited))
      let retries = Mutex(0)
      var results = try await warm([reference], with: runtime) { _, event in
        if case .retrying = event { retries.withLock { $0 += 1 } }
      }
      #expect(results[0].isWarm)
      #expect(retries.withLock { $0 } == 2)

      runtime.state.withLock { $0 = .init() }
      runtime.fail(.noSpace)
      results = try await warm([reference], with: runtime)
      #expect(failure(results[0])?.code == "noSpace")
      #expect(runtime.state.withLock { $0.pulls.count } == 1)

      runtime.state.withLock { $0 = .init() }
      for _ in 0..<3 { runtime.fail(.died) }
      results = try await warm([reference], with: runtime)
      #expect(failure(results[0])?.code == "died", "the tries have an end")
    }
  }

  @Test func aTimeoutIsNoCancellation() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let runtime = ScriptedRuntime(pullTime: .seconds(3600))
      let results = try await warm([reference], with: runtime, imageTimeout: .milliseconds(200))
      #expect(failure(results[0])?.code == "timedOut")
      #expect(failure(results[0])?.remedy.contains("--image-timeout") == true)
    }
  }

  @Test func theTimeForAllEndsForImagesThatWaitToo() async throws {
    try await withEmbeddedRegistry { registry in
      let references = try (0..<3).map { registry.add(try SampleImage(), to: "image-\($0)") }
      let runtime = ScriptedRuntime(pullTime: .seconds(3600))
      let results = try await warm(references, with: runtime, parallelism: 1, timeout: .milliseconds(200))
      #expect(results.map { failure($0)?.code } == ["timedOut", "timedOut", "timedOut"])
      #expect(results.allSatisfy { failure($0)?.remedy == "Raise --timeout, or try again." })
    }
  }

  @Test func cancellationStopsEverything() async throws {
    try await withEmbeddedRegistry { registry in
      let references = try (0..<4).map { registry.add(try SampleImage(), to: "image-\($0)") }
      let runtime = ScriptedRuntime(pullTime: .seconds(3600))
      let (started, isStarted) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await warm(references, with: runtime) { _, event in
          if case .progress = event { isStarted.yield() }
        }
      }
      for await _ in started { break }
      task.cancel()
      for result in try await task.value {
        guard case .cancelled = result.outcome else {
          Issue.record("\(result)")
          continue
        }
      }
      #expect(runtime.state.withLock { $0.running } == 0)
    }
  }
}
