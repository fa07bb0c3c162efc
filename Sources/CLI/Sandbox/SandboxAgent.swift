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
/// record of who may use them, so open to all pods. It goes by the disk of its virtual node, and gets logins from the
/// operator; what a node of its own would have of logins and of a kubelet's configuration, a virtual one has not.
enum SandboxAgent {
  /// Until it is cancelled, as a container is by a signal; returns the exit code.
  static func run(_ container: ContainerRun) async throws -> Int {
    guard let command: AgentCommand<PodCluster> = SandboxPrograms.command(of: container) else { return 64 }
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
    var options = command.givenOptions
    // Each pod has an address of its own on the loopback interface.
    options.metricsAddress = "\(container.podIP):8080"
    // A layout cannot say by whom an image was brought.
    if endpoint.kind == .oci { options.memoryFile = "\(endpoint.path).agent.json" }
    options.platform = container.platform
    // The file system is this machine's; that of a virtual node is a number that its kubelet knows.
    options.space = { [disk = container.disk] in
      let (used, capacity) = await disk()
      return ImageFileSystem(
        path: endpoint.path, usedBytes: used, availableBytes: max(0, capacity - used), capacityBytes: capacity)
    }
    let client = try KubernetesClient(cluster, logger: logger)
    let registry = RegistryClient(
      configuration: RegistryConfiguration(userAgent: "prepull/\(Version.current)"), credentials: NoCredentials(),
      logger: logger)
    let (node, settings) = (container.node, options)
    var credentials: any ImageCredentials = NoImageCredentials()
    if var place = command.operatorPlace(client) {
      (place.readToken, place.address) = (container.token, container.address)
      credentials = OperatorCredentials(place, client: client, logger: logger)
    }
    let result: Result<Void, any Error>
    do {
      try await withRuntime(
        endpoint, registry: registry, platform: container.platform, fast: command.fast,
        fastSettings: command.fastSettings(options), logger: logger
      ) { runtime in
        try await AgentProcess(
          client: client, node: node, runtime: runtime, registry: registry, credentials: credentials,
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
