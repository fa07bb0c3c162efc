import ArgumentParser
import Commands
import ImageModel
import Kubernetes
import Logging
import NodeAgent
import Registry
import Runtimes
import VirtualCluster

/// What a container of an embedded cluster runs that is started as `prepulld agent`: the agent itself, over the images of
/// its virtual node.
///
/// Images that it brings are there for the virtual kubelet as those that an agent brings are for a real one: without a
/// record of who may use them, so open to all pods. The node's own logins and those of the operator are not asked for:
/// the sandbox's registry needs none.
enum SandboxAgent {
  /// Until it is cancelled, as a container is by a signal; returns the exit code.
  static func run(_ container: ContainerRun) async throws -> Int {
    do {
      _ = try DaemonTool.parseAsRoot(container.arguments)
    } catch {
      container.print(DaemonTool.fullMessage(for: error) + "\n")
      return 64
    }
    guard let endpoint = container.runtime else {
      container.print("pulls of this node are modelled, so there is no runtime for an agent; leave out --modelled\n")
      return 1
    }
    guard let cluster = container.configuration else {
      container.print("no service account token is mounted; set automountServiceAccountToken\n")
      return 1
    }
    let logger = Logs.logger(format: .json, write: container.print)
    let metrics = AgentMetrics(version: Version.current)
    var options = AgentOptions()
    options.version = Version.current
    // Each pod has an address of its own on the loopback interface.
    options.metricsAddress = "\(container.podIP):8080"
    // A layout cannot say by whom an image was brought.
    if endpoint.kind == .oci { options.memoryFile = "\(endpoint.path).agent.json" }
    // The file system is this machine's; that of a virtual node is a number that only its kubelet knows.
    options.highThresholdPercent = 105
    let client = try KubernetesClient(cluster, logger: logger)
    let registry = RegistryClient(
      configuration: RegistryConfiguration(userAgent: "prepull/\(Version.current)"), credentials: NoCredentials(),
      logger: logger)
    let (node, settings) = (container.node, options)
    let result: Result<Void, any Error>
    do {
      try await withRuntime(endpoint, registry: registry, platform: container.platform, logger: logger) { runtime in
        try await AgentProcess(
          client: client, node: node, runtime: runtime, registry: registry, credentials: NoImageCredentials(),
          options: settings, metrics: metrics, logger: logger
        ).run()
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    try? await registry.shutdown()
    if case .failure(let error) = result, !Task.isCancelled { throw error }
    return 0
  }
}
