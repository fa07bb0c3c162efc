@testable import Warming
import KubeAPIServer
import Networking
import Documents
import Kubernetes
import Logging
import Registry
import Synchronization
import Testing
import VirtualCluster

/// A sandbox to run in, and what runs told.
final class RunLab: Sendable {
  let sandbox: Sandbox
  let client: KubernetesClient
  let registry: RegistryClient
  private let log = Mutex<[RunEvent]>([])

  private init(_ sandbox: Sandbox) throws {
    self.sandbox = sandbox
    // An API server that is gone for a moment is to be noticed quickly.
    let backOff = RetryPolicy(attempts: .max, base: .milliseconds(100), cap: .seconds(1), jitter: 0)
    client = try KubernetesClient(sandbox.configuration, watchBackOff: backOff, logger: Self.logger)
    var configuration = RegistryConfiguration()
    configuration.retry = .never
    registry = RegistryClient(
      configuration: configuration, credentials: Registry.NoCredentials(), logger: Self.logger)
  }

  static var logger: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  /// Kubelets wait 20 times as short as real ones.
  static func with<R>(
    _ nodes: [NodeTemplate] = NodeTemplate.numbered(2), model: SandboxOptions.Model? = nil,
    _ body: (RunLab) async throws -> R
  ) async throws -> R {
    var options = SandboxOptions(nodes: nodes)
    options.speed = 20
    options.tls = false
    options.model = model
    return try await withSandbox(options, logger: logger) { sandbox in
      let lab = try RunLab(sandbox)
      let result: R
      do {
        result = try await body(lab)
      } catch {
        await lab.client.shutdown()
        try await lab.registry.shutdown()
        throw error
      }
      await lab.client.shutdown()
      try await lab.registry.shutdown()
      return result
    }
  }

  // MARK: Running

  /// A sample image by a part of its name.
  func sample(_ name: String) throws -> String { try #require(sandbox.sampleImages.first { $0.contains(name) }) }

  func request(_ images: String..., namespace: String = "default") throws -> RunRequest {
    RunRequest(images: try images.map(wanted), namespace: namespace)
  }

  func check(_ request: RunRequest) async throws -> PreflightReport {
    try await Preflight.check(request, client: client, registry: registry)
  }

  /// Runs it with what the preflight found.
  func run(
    _ request: RunRequest, isChecked: Bool = true, cleanupLimit: Duration = .seconds(60),
    names: RunNames? = nil,
    onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
  ) async throws -> RunResult {
    let report = isChecked ? try await check(request) : nil
    let engine = KubeletEngine(
      client: client, cleanupLimit: cleanupLimit, newRun: { names?.next() ?? RunObjects.newRun() }, logger: Self.logger)
    return try await engine.run(request, report: report) { event in
      self.log.withLock { $0.append(event) }
      onEvent(event)
    }
  }

  // MARK: Looking

  var events: [RunEvent] { log.withLock { $0 } }

  func tells(_ matches: (RunEvent) -> Bool) -> Bool { events.contains(where: matches) }

  var warnings: [String] { events.compactMap { if case .warning(let text) = $0 { text } else { nil } } }

  /// Names of what runs made and what is still there.
  var remains: [String] {
    ["pods", "configmaps"].flatMap { sandbox.objects($0) }
      .filter { $0[path: "metadata", "labels", "app.kubernetes.io/managed-by"]?.string == "prepull" }
      .compactMap { $0[path: "metadata", "name"]?.string }
  }

  /// Writes of ours that the API server counted.
  var writes: Int {
    sandbox.server.requestCounts.filter { $0.key.client == "prepull" && $0.key.isWrite }.values.reduce(0, +)
  }

  func count(_ verb: String, _ resource: String) -> Int {
    sandbox.server.requestCounts.filter {
      $0.key.client == "prepull" && $0.key.verb == verb && $0.key.resource == resource
    }
    .values.reduce(0, +)
  }
}

/// Does something once, at the first event that matches; from the run's own task, so the thing goes on beside it.
final class Once: Sendable {
  private let isDone = Mutex(false)
  private let matches: @Sendable (RunEvent) -> Bool
  private let action: @Sendable () async throws -> Void

  init(when matches: @escaping @Sendable (RunEvent) -> Bool, do action: @escaping @Sendable () async throws -> Void) {
    self.matches = matches
    self.action = action
  }

  func callAsFunction(_ event: RunEvent) {
    guard matches(event),
      !isDone.withLock({
        let was = $0; $0 = true; return was
      })
    else { return }
    let action = action
    Task { try await action() }
  }
}

extension RunEvent {
  /// The first sign of work on a node.
  func isPulling(on name: String) -> Bool {
    if case .imagePulling(name, _) = self { true } else { false }
  }
}

/// Gives names in turn, the last for ever.
final class RunNames: Sendable {
  private let names: Mutex<[String]>

  init(_ names: [String]) { self.names = Mutex(names) }

  func next() -> String { names.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
}
