import Serving
import Warming
package import Kubernetes
package import Logging
package import Registry

/// The operator: one process of `prepull controller`.
package struct ControllerProcess: Sendable {
  private let client: KubernetesClient
  private let registry: RegistryConfiguration
  private let options: ControllerOptions
  private let metrics: ControllerMetrics
  private let health: ProcessHealth
  private let monitor: WatchMonitor
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
    health = ProcessHealth(waitingFor: ["API server"])
    monitor = WatchMonitor(metrics: metrics, health: health, reminder: options.reminder, logger: logger)
  }

  /// Contends for leadership and leads while it has it, until the task is cancelled; serves metrics all the while.
  ///
  /// Crash-only: all it knows is rebuilt from the cluster, so it may end at any instant. Throws only what no later try
  /// can change: an address that cannot be served. A missing permission or definition is warned of, makes it not ready,
  /// and is tried again, as somebody may correct it.
  ///
  /// - Parameters:
  ///   - onServing: gets the port of the metrics.
  ///   - onTokens: gets the port where agents ask for credentials.
  package func run(
    onServing: @escaping @Sendable (Int) -> Void = { _ in }, onTokens: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws {
    let clients = Clients(client, metrics: metrics)
    do {
      try await run(clients, onServing, onTokens)
    } catch {
      await clients.shutdown()
      throw error
    }
    await clients.shutdown()
  }

  private func run(
    _ clients: Clients, _ onServing: @escaping @Sendable (Int) -> Void, _ onTokens: @escaping @Sendable (Int) -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      if let address = options.metricsAddress {
        let server = try StatusServer(address: address, metrics: metrics.registry, health: health, logger: logger)
        group.addTask { try await server.run(onStart: onServing) }
      }
      if let namespace = options.agentNamespace {
        let server = try AgentTokenServer(
          clients.tokens, agents: namespace, options: options, registry: registry, logger: logger)
        group.addTask { try await server.run(onStart: onTokens) }
      }
      group.addTask { try await contend(clients) }
      group.addTask { await IdleMemory.giveBack() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func contend(_ clients: Clients) async throws {
    try await awaitServer()
    guard options.isElected else { return try await lead(clients) }
    monitor.begin(.lease)
    var election = LeaderElection(
      namespace: options.namespace, name: ControllerOptions.lease, identity: options.identity)
    election.leaseDuration = options.leaseDuration
    election.renewDeadline = options.renewDeadline
    election.retryPeriod = options.retryPeriod
    election.onTrouble = { [monitor] in monitor.note(.lease, $0.map { .failed($0) } ?? .watching) }
    election.onWatch = { [monitor] in monitor.note(.leaseWatch, $0) }
    while true {
      do {
        return try await election.run(clients.lease) {
          monitor.end(.leaseWatch)
          try await lead(clients)
        }
      } catch is LeaderElection.Lost {
        logger.warning("leadership lost; contending again", metadata: ["identity": "\(options.identity)"])
      } catch let error as ControllerDriver.CannotAct {
        logger.warning(
          "leadership given up, as another replica may see what this one cannot",
          metadata: ["identity": "\(options.identity)", "error": "\(error.reason)"])
        try await Task.sleep(for: options.standAside)
      }
    }
  }

  /// Without the API server it is not ready; it may come.
  private func awaitServer() async throws {
    var failures = 0
    while true {
      do {
        let version = try await client.serverVersion()
        logger.info("API server reached", metadata: ["version": "\(version)"])
        return health.isReady("API server")
      } catch let error as APIError {
        failures += 1
        // Once at first, then every few minutes.
        logger.log(
          level: failures % 100 == 1 ? .warning : .debug, "the API server cannot be reached yet",
          metadata: ["error": "\(error)"])
        health.isWaiting(for: "API server", because: error.description)
        try await Task.sleep(for: .seconds(2))
      }
    }
  }

  private func lead(_ clients: Clients) async throws {
    metrics.isLeader.set(1)
    defer { metrics.standBy() }
    let time = await ServerTime.measure(client)
    let (registry, logger) = (registry, logger)
    let driver = ControllerDriver(
      client: client, watches: clients.watches,
      resolutions: ImageResolutions(
        registry: { RegistryClient(configuration: registry, credentials: $0, logger: logger) },
        client: client, metrics: metrics, now: { time.now }, logger: logger),
      discovery: Discovery(client: clients.discovery, metrics: metrics, monitor: monitor, logger: logger),
      sources: SourceDesk(
        allowed: options.allowedSources, registry: registry, client: clients.discovery, metrics: metrics,
        now: { time.now }, logger: logger),
      events: EventRecorder(client, component: "prepull", instance: options.identity), health: health,
      monitor: monitor, metrics: metrics, time: time, agentNamespace: options.agentNamespace,
      stepAsideAfter: options.isElected ? options.stepAsideAfter : nil,
      logger: logger)
    try await driver.run(
      FleetBoard(
        machine: FleetMachine(limits: options.limits), pace: options.pace, podTemplate: options.podTemplate,
        hasAgents: options.agentNamespace != nil, metrics: metrics))
  }
}

/// What has connections of its own, so that no part of the operator waits for another: above all the Lease.
private struct Clients: Sendable {
  let lease: KubernetesClient
  let watches: KubernetesClient
  let discovery: KubernetesClient
  let tokens: KubernetesClient

  init(_ client: KubernetesClient, metrics: ControllerMetrics) {
    lease = client.separate(concurrency: 4)
    watches = client.separate(concurrency: 8) { metrics.count($0) }
    discovery = client.separate(concurrency: 8) { metrics.count($0) }
    tokens = client.separate(concurrency: 16) { metrics.count($0) }
  }

  func shutdown() async {
    await lease.shutdown()
    await watches.shutdown()
    await discovery.shutdown()
    await tokens.shutdown()
  }
}
