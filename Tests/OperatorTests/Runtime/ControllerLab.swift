import KubeAPIServer
import VirtualCluster
import Warming
@testable import Operator
@testable import PrepullAPI
import Networking
import TestKit
import Documents
import Foundation
import ImageModel
import Kubernetes
import Logging
import Registry
import Synchronization
import Testing

/// A sandbox with our kinds, in which controllers run.
final class ControllerLab: Sendable {
  let sandbox: Sandbox
  /// As a user has it.
  let client: KubernetesClient
  let metrics = ControllerMetrics()
  let options: ControllerOptions
  /// Seconds by which the clocks of controllers are wrong.
  let skew: Double

  private init(_ sandbox: Sandbox, _ options: ControllerOptions, skew: Double) throws {
    self.sandbox = sandbox
    self.skew = skew
    self.options = options
    client = try Self.client(of: sandbox, as: "user")
  }

  static var logger: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  static func client(
    of sandbox: Sandbox, as name: String, skew: Double = 0,
    onRequest: @escaping @Sendable (RequestReport) -> Void = { _ in }, logger: Logger = logger
  ) throws -> KubernetesClient {
    // An API server that is gone for a moment is to be noticed quickly.
    let backOff = RetryPolicy(attempts: .max, base: .milliseconds(50), cap: .milliseconds(500), jitter: 0)
    var configuration = sandbox.configuration
    configuration.userAgent = name
    var clock = SystemClock.system
    clock.date = { Date().addingTimeInterval(skew) }
    return try KubernetesClient(
      configuration, watchBackOff: backOff, clock: clock, onRequest: onRequest, logger: logger)
  }

  /// Kubelets wait 20 times as short as real ones, and so does the controller.
  static func with<R>(
    _ nodes: [NodeTemplate] = NodeTemplate.numbered(2), speed: Double = 20, isModelled: Bool = true,
    skew: Double = 0, change: (inout ControllerOptions) -> Void = { _ in }, _ body: (ControllerLab) async throws -> R
  ) async throws -> R {
    var sandboxOptions = SandboxOptions(nodes: nodes)
    sandboxOptions.rules = .cel
    sandboxOptions.speed = speed
    sandboxOptions.tls = false
    sandboxOptions.model = isModelled ? SandboxOptions.Model() : nil
    sandboxOptions.hasSampleImages = !isModelled
    var options = ControllerOptions(namespace: "default", identity: "first")
    options.isElected = false
    options.metricsAddress = nil
    options.limits.backOff = .milliseconds(500)
    options.limits.longestBackOff = .seconds(2)
    options.limits.schedulingTimeout = .seconds(5)
    options.limits.readinessTimeout = .seconds(2)
    options.limits.recordDelay = .milliseconds(300)
    options.limits.urgentRecordDelay = .milliseconds(20)
    options.pace.statusInterval = .milliseconds(100)
    options.pace.cleanupDelay = .seconds(3)
    options.pace.resolutionTimeout = .seconds(2)
    change(&options)
    let finalOptions = options
    return try await withSandbox(sandboxOptions, logger: logger) { sandbox in
      let lab = try ControllerLab(sandbox, finalOptions, skew: skew)
      do {
        try await lab.install()
        let result = try await body(lab)
        await lab.client.shutdown()
        return result
      } catch {
        await lab.client.shutdown()
        throw error
      }
    }
  }

  private func install() async throws {
    let definitions = DynamicResource(
      apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", isNamespaced: false)
    for definition in CustomResourceDefinitions.all { _ = try await client.apply(definition, as: definitions) }
  }

  // MARK: Controllers

  /// Runs a controller while `body` runs, and ends it then in the midst of whatever it does.
  func withController<R>(
    _ change: (inout ControllerOptions) -> Void = { _ in },
    onRequest: @escaping @Sendable (RequestReport) -> Void = { _ in }, logger: Logger = logger,
    onServing: @escaping @Sendable (Int) -> Void = { _ in }, _ body: () async throws -> R
  ) async throws -> R {
    var options = options
    change(&options)
    let client = try Self.client(of: sandbox, as: "controller", skew: skew, onRequest: onRequest, logger: logger)
    var registry = RegistryConfiguration()
    registry.retry = .never
    let process = ControllerProcess(
      client: client, registry: registry, options: options, metrics: metrics, logger: logger)
    let running = Task { try await process.run(onServing: onServing) }
    let result: Result<R, any Error>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    running.cancel()
    let end = await running.result
    await client.shutdown()
    if case .failure(let error) = end, !(error is CancellationError) { Issue.record("the controller ended: \(error)") }
    return try result.get()
  }

  // MARK: Objects

  /// References of modelled images, served from now on: 20 MB each.
  func images(_ count: Int, seed: String = "app") throws -> [String] {
    try (1...count).map {
      try sandbox.registry.addModelled("lab/\(seed)-\($0)", tag: "v1", layers: [20_000_000]).description
    }
  }

  @discardableResult
  func make(
    _ name: String, _ images: [String], change: (inout Prepull.Spec) -> Void = { _ in }
  ) async throws -> Prepull {
    var spec = Prepull.Spec()
    spec.images = images.map { Prepull.Image(image: $0) }
    spec.parallelism = .string("100%")
    change(&spec)
    return try await client.create(Prepull(metadata: ObjectMeta(name: name, namespace: "default"), spec: spec))
  }

  func prepull(_ name: String) async throws -> Prepull {
    try await client.get(Prepull.self, name, in: "default")
  }

  func edit(_ name: String, _ patch: JSON) async throws {
    _ = try await client.patch(Prepull.self, name, in: "default", .merge(["spec": patch]))
  }

  // MARK: Looking

  /// Waits until something holds; a generous limit keeps a test from hanging.
  func until(
    _ what: String, limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () async throws -> Bool
  ) async throws {
    do {
      return try await eventually(what, within: limit, holds)
    } catch is NeverHappened {}
    for object in sandbox.objects("prepulls", group: "prepull.dev") { print(object["status"]?.text ?? "no status") }
    for object in sandbox.objects("pods") {
      print(object["metadata"]?["name"]?.text ?? "", object["status"]?.text ?? "")
    }
    Issue.record("it did not come to be: \(what)", sourceLocation: sourceLocation)
    throw CancellationError()
  }

  /// Waits for a condition with a status, of the generation that there is.
  func untilCondition(
    _ type: String, _ isTrue: Bool = true, of name: String, reason: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await until("\(name) is \(type)=\(isTrue) \(reason ?? "")", sourceLocation: sourceLocation) {
      guard let object = objects(Prepull.self).first(where: { $0.metadata.name == name }),
        let condition = object.status?.conditions?[type]
      else { return false }
      return condition.isTrue == isTrue && condition.observedGeneration == object.metadata.generation.map(Int64.init)
        && (reason == nil || condition.reason == reason)
    }
  }

  func objects<R: Resource>(_ type: R.Type) -> [R] {
    sandbox.objects(R.plural, group: R.group).compactMap { try? $0.decoded(as: R.self) }
  }

  /// Pods of ours.
  var pods: [Pod] { objects(Pod.self).filter { $0.metadata.labels?[PullerKey.prepull] != nil } }

  func node(_ name: String) -> Node? { objects(Node.self).first { $0.metadata.name == name } }

  /// Images that a node pulled more than once, or not at all of those that it should have.
  func wrongPulls(of images: [String], on node: String) async throws -> [String: Int] {
    let pulls = try await sandbox.pulls(on: node)
    return Dictionary(images.map { ($0, pulls[$0] ?? 0) }) { first, _ in first }.filter { $0.value != 1 }
  }

  /// Checks that each node pulled each image exactly once.
  func expectOnePull(
    of images: [String], on nodes: [String], _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for node in nodes {
      let wrong = try await wrongPulls(of: images, on: node)
      #expect(wrong.isEmpty, "\(node) \(comment)", sourceLocation: sourceLocation)
    }
  }

  /// Writes of controllers that the API server counted.
  func writes(_ verb: String? = nil, _ resource: String? = nil) -> Int {
    sandbox.server.requestCounts.filter {
      $0.key.client == "controller" && $0.key.isWrite && (verb == nil || $0.key.verb == verb)
        && (resource == nil || $0.key.resource == resource)
    }
    .values.reduce(0, +)
  }
}
