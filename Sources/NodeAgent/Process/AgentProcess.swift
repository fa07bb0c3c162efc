package import Kubernetes
package import Logging
package import Registry
package import Runtimes
import Serving

/// The agent of one node: it pulls, pins, repairs and removes what its WarmNode asks for.
package struct AgentProcess: Sendable {
  private let client: KubernetesClient
  private let node: String
  private let runtime: any Runtime
  private let registry: RegistryClient
  private let credentials: any ImageCredentials
  private let options: AgentOptions
  private let metrics: AgentMetrics
  private let logger: Logger
  private let health = ProcessHealth(waitingFor: ["WarmNode", "Node", "container runtime"], limit: .seconds(120))

  /// - Parameters:
  ///   - node: the name of the Node and of its WarmNode.
  ///   - registry: how registries are reached; the credentials come from `credentials`.
  package init(
    client: KubernetesClient, node: String, runtime: any Runtime, registry: RegistryClient,
    credentials: any ImageCredentials, options: AgentOptions, metrics: AgentMetrics, logger: Logger
  ) {
    self.client = client
    self.node = node
    self.runtime = runtime
    self.registry = registry
    self.credentials = credentials
    self.options = options
    self.metrics = metrics
    self.logger = logger
  }

  /// Acts until the task is cancelled; serves metrics all the while.
  ///
  /// Crash-only: what the node holds is asked of the runtime, so it may end at any instant. Throws only what no later try
  /// can change: an address that cannot be served, a lock that cannot be had.
  ///
  /// - Parameter onServing: gets the port of the metrics.
  package func run(onServing: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      if let address = options.metricsAddress {
        let server = try StatusServer(address: address, metrics: metrics.registry, health: health, logger: logger)
        group.addTask { try await server.run(onStart: onServing) }
      }
      group.addTask { try await act() }
      group.addTask { await IdleMemory.giveBack() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func act() async throws {
    guard let path = options.lockFile else { return try await drive() }
    let part = "the lock of this machine"
    health.isWaiting(for: part)
    let lock = try await AgentLock.acquire(path) {
      health.isWaiting(for: part, because: "another agent acts on this node")
      logger.info("another agent acts on this node; waiting for its end", metadata: ["file": "\(path)"])
    }
    defer { lock.release() }
    health.isReady(part)
    try await drive()
  }

  private func drive() async throws {
    let driver = AgentDriver(
      client: client, node: node, runtime: runtime,
      puller: AgentPuller(
        runtime: runtime, registry: registry, credentials: credentials, platform: options.platform, logger: logger),
      memory: MemoryFile(options.memoryFile, logger: logger), options: options, health: health, metrics: metrics,
      logger: logger)
    try await driver.run()
  }
}
