import Documents
import Foundation
import ImageModel
import Kubernetes
import Logging
import Networking
import PrepullAPI
import Registry
import Runtimes
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

/// A cluster of one node, on which agents run.
struct AgentLab: Sendable {
  static let node = "node-1"

  let sandbox: Sandbox
  /// Of all agents.
  let metrics = AgentMetrics()
  let client: KubernetesClient

  static func with(_ body: @Sendable (AgentLab) async throws -> Void) async throws {
    var options = SandboxOptions(nodes: NodeTemplate.numbered(1))
    options.tls = false
    options.hasSampleImages = false
    try await withSandbox(options, logger: LogLines().logger) { sandbox in
      let client = try client(of: sandbox)
      do {
        let definitions = DynamicResource(
          apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", isNamespaced: false)
        for definition in CustomResourceDefinitions.all { _ = try await client.apply(definition, as: definitions) }
        try await body(AgentLab(sandbox: sandbox, client: client))
        await client.shutdown()
      } catch {
        await client.shutdown()
        throw error
      }
    }
  }

  private static func client(of sandbox: Sandbox, skew: Double = 0) throws -> KubernetesClient {
    let backOff = RetryPolicy(attempts: .max, base: .milliseconds(50), cap: .milliseconds(500), jitter: 0)
    var clock = SystemClock.system
    clock.date = { Date().addingTimeInterval(skew) }
    return try KubernetesClient(
      sandbox.configuration, watchBackOff: backOff, clock: clock, logger: Logger(label: "test") { _ in SilentLog() })
  }

  /// Runs an agent while `body` runs, and ends it then in the midst of whatever it does.
  func withAgent(
    _ runtime: any Runtime, credentials: any ImageCredentials = NoImageCredentials(), skew: Double = 0,
    logger: Logger = Logger(label: "test") { _ in SilentLog() }, change: (inout AgentOptions) -> Void = { _ in },
    onServing: @escaping @Sendable (Int) -> Void = { _ in }, _ body: () async throws -> Void
  ) async throws {
    var options = AgentOptions()
    options.metricsAddress = nil
    options.listInterval = .milliseconds(300)
    // However full the disk is on which the tests run.
    options.highThresholdPercent = 105
    change(&options)
    let client = try Self.client(of: sandbox, skew: skew)
    var configuration = RegistryConfiguration()
    configuration.retry = .never
    let registry = RegistryClient(configuration: configuration, credentials: NoCredentials(), logger: logger)
    let process = AgentProcess(
      client: client, node: Self.node, runtime: runtime, registry: registry, credentials: credentials,
      options: options, metrics: metrics, logger: logger)
    let running = Task { try await process.run(onServing: onServing) }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    running.cancel()
    let end = await running.result
    await client.shutdown()
    try await registry.shutdown()
    if case .failure(let error) = end, !(error is CancellationError) { Issue.record("the agent ended: \(error)") }
    return try result.get()
  }

  // MARK: Objects

  /// Writes what the node shall hold, as the operator does.
  func want(
    _ images: [String], order: String? = "1", owner: String? = nil,
    change: (inout WarmNode.Wish) -> Void = { _ in }
  ) async throws {
    let uid = try await client.get(Node.self, Self.node).metadata.uid ?? ""
    var record = WarmNode(metadata: ObjectMeta(name: Self.node))
    record.metadata.ownerReferences = [
      OwnerReference(apiVersion: "v1", kind: "Node", name: Self.node, uid: owner ?? uid)
    ]
    var spec = WarmNode.Spec()
    spec.images = images.map {
      var wish = WarmNode.Wish(image: $0, prepulls: ["default/web"])
      wish.order = order
      change(&wish)
      return wish
    }
    record.spec = spec
    _ = try await client.apply(record)
  }

  /// As `prepull status --watch` does.
  func watch(until date: Date) async throws {
    _ = try await client.patch(
      WarmNode.self, Self.node, .merge(["spec": ["watchedUntil": .string(Timestamp.seconds(date))]]))
  }

  func agent() async throws -> WarmNode.Agent? { try await client.get(WarmNode.self, Self.node).status?.agent }

  func untilStates(_ states: [WarmNode.HeldState]) async throws {
    do {
      try await eventually("the states \(states)") { try await agent()?.images?.map(\.state) == states }
    } catch {
      throw Unreached(description: "\(error); the status is \(String(describing: try await agent()))")
    }
  }
}

/// What was waited for in vain, with the status as it was then.
private struct Unreached: Error, CustomStringConvertible {
  let description: String
}

private struct SilentLog: LogHandler {
  var logLevel = Logger.Level.critical
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {}
}

/// A runtime in memory, which does as the test says.
final class MemoryRuntime: Runtime {
  struct State {
    var images: [Reference: RuntimeImage] = [:]
    var pinned: Set<Reference> = []
    var pulls: [Reference] = []
    var logins: [RegistryCredential?] = []
    var isAway = false
    /// Pulls that do not end by themselves.
    var isSlow = false
    var refusals = 0
    /// Pulls that were ended from outside.
    var cancelled: [Reference] = []
  }

  let endpoint = RuntimeEndpoint(kind: .cri, path: "/memory.sock")
  let state = Mutex(State())

  private func answering() throws {
    guard state.withLock({ $0.isAway }) else { return }
    throw error(.died)
  }

  private func error(_ code: RuntimeError.Code) -> RuntimeError {
    RuntimeError(code, endpoint: endpoint, operation: "ask", subject: "it", detail: "said so", remedy: "Wait.")
  }

  func identify() throws -> RuntimeIdentity {
    try answering()
    return RuntimeIdentity(name: "memory", version: "1", apiVersion: "v1", platform: .host)
  }
  func list() throws -> [RuntimeImage] {
    try answering()
    return state.withLock { Array($0.images.values) }
  }
  func image(_ reference: Reference) -> RuntimeImage? { state.withLock { $0.images[reference] } }
  func remove(_ reference: Reference) -> Bool { state.withLock { $0.images.removeValue(forKey: reference) != nil } }
  func space() throws -> ImageFileSystem {
    try answering()
    return ImageFileSystem(path: "/", usedBytes: 0, availableBytes: 1 << 40, capacityBytes: 1 << 41)
  }
  func pinning() -> RuntimePinning { .supported }
  func pin(_ reference: Reference, _ isPinned: Bool) {
    state.withLock { state in
      if isPinned { state.pinned.insert(reference) } else { state.pinned.remove(reference) }
    }
  }

  func pull(_ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void) async throws -> RuntimeImage {
    let isRefused = state.withLock { state in
      state.pulls.append(order.reference)
      state.logins.append(order.credential)
      state.refusals -= 1
      return state.refusals >= 0
    }
    if isRefused { throw error(.registry(.unauthorized)) }
    progress(PullProgress(phase: .downloading, completedBytes: 5, totalBytes: 10))
    while state.withLock({ $0.isSlow }) {
      do {
        try await Task.sleep(for: .milliseconds(10))
      } catch {
        state.withLock { $0.cancelled.append(order.reference) }
        throw error
      }
    }
    let digest = order.resolved?.descriptor.digest ?? Digest(bytes: Array(repeating: 9, count: 32))
    let image = RuntimeImage(
      id: "\(order.reference)", references: [order.reference.description], digests: [digest], sizeBytes: 7)
    state.withLock { $0.images[order.reference] = image }
    return image
  }
}
