package import Kubernetes
package import Logging
package import Registry
package import Runtimes

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

  /// - Parameters:
  ///   - node: the name of the Node and of its WarmNode.
  ///   - registry: how registries are asked what references resolve to.
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

  /// Acts until the task is cancelled.
  ///
  /// - Parameter onServing: gets the port of the metrics.
  package func run(onServing: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    try await Task.sleep(for: .seconds(3600))
  }
}
