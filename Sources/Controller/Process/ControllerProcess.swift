package import Kubernetes
package import Logging
import Planning
package import Registry

/// The operator: one process of `prepull controller`.
package struct ControllerProcess: Sendable {
  private let client: KubernetesClient
  private let registry: RegistryConfiguration
  private let options: ControllerOptions
  private let metrics: ControllerMetrics
  private let health: ControllerHealth
  private let logger: Logger

  /// - Parameters:
  ///   - registry: how registries are reached; the credentials come from the pull secrets of the Prepulls.
  package init(
    client: KubernetesClient, registry: RegistryConfiguration, options: ControllerOptions,
    metrics: ControllerMetrics = ControllerMetrics(), logger: Logger
  ) {
    self.client = client
    self.registry = registry
    self.options = options
    self.metrics = metrics
    self.logger = logger
    health = ControllerHealth(waitingFor: ["API server"])
  }

  /// Contends for leadership and leads while it has it, until the task is cancelled; serves metrics all the while.
  ///
  /// Crash-only: all it knows is rebuilt from the cluster, so it may end at any instant. Throws what will not heal by
  /// itself: an address that cannot be served, a missing permission, definitions that are not installed.
  ///
  /// - Parameter onServing: gets the port of the metrics.
  package func run(onServing: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      if let address = options.metricsAddress {
        let server = try ControllerServer(address: address, metrics: metrics.registry, health: health, logger: logger)
        group.addTask { try await server.run(onStart: onServing) }
      }
      group.addTask { try await contend() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func contend() async throws {
    try await awaitServer()
    guard options.isElected else { return try await lead() }
    var election = LeaderElection(
      namespace: options.namespace, name: ControllerOptions.lease, identity: options.identity)
    election.leaseDuration = options.leaseDuration
    election.renewDeadline = options.renewDeadline
    election.retryPeriod = options.retryPeriod
    while true {
      do {
        return try await election.run(client) { try await lead() }
      } catch is LeaderElection.Lost {
        logger.warning("leadership lost; contending anew", metadata: ["identity": "\(options.identity)"])
      }
    }
  }

  /// Whoever does not reach the API server is not ready; it may come.
  private func awaitServer() async throws {
    while true {
      do {
        let version = try await client.serverVersion()
        logger.info("API server reached", metadata: ["version": "\(version)"])
        return health.isReady("API server")
      } catch let error as APIError {
        logger.warning("the API server cannot be reached yet", metadata: ["error": "\(error)"])
        try await Task.sleep(for: .seconds(2))
      }
    }
  }

  private func lead() async throws {
    metrics.isLeader.set(1)
    defer { metrics.standBy() }
    let time = try await ServerTime.measure(client, namespace: options.namespace, logger: logger)
    let (registry, logger) = (registry, logger)
    let driver = ControllerDriver(
      client: client,
      resolutions: ImageResolutions(
        registry: { RegistryClient(configuration: registry, credentials: $0, logger: logger) },
        client: client, metrics: metrics, now: { time.now }, logger: logger),
      discovery: Discovery(client: client, metrics: metrics, logger: logger),
      events: EventRecorder(client, component: "prepull", instance: options.identity), health: health,
      metrics: metrics, time: time, logger: logger)
    try await driver.run(
      FleetBoard(
        machine: FleetMachine(limits: options.limits), pace: options.pace, podTemplate: options.podTemplate,
        metrics: metrics))
  }
}
