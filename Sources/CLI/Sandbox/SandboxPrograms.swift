import ArgumentParser
import Commands
import Kubernetes
import Logging
import Operator
import VirtualCluster

/// What the containers of an embedded cluster run for real: the operator, the agents of nodes, the page, and waiting, as
/// `prepulld` starts them.
enum SandboxPrograms {
  static let all = [SandboxProgram("prepull", file: "prepulld") { try await run($0) }]

  /// What the arguments of a container stand for; nil where they make no sense, which its log says then.
  static func command<Command>(of container: ContainerRun) -> Command? {
    do {
      if let command = try DaemonTool.parseAsRoot(container.arguments) as? Command { return command }
      container.print(
        "the sandbox runs 'prepulld controller', 'prepulld agent', 'prepulld dashboard' and 'prepulld wait' only\n")
    } catch {
      container.print(DaemonTool.fullMessage(for: error) + "\n")
    }
    return nil
  }

  /// Exit codes as of the program: 64 for arguments that make no sense.
  private static func run(_ container: ContainerRun) async throws -> Int {
    if container.arguments.first == "agent" { return try await SandboxAgent.run(container) }
    if container.arguments.first == "wait" { return try await SandboxWait.run(container) }
    if container.arguments.first == "dashboard" { return try await SandboxDashboard.run(container) }
    guard let command: ControllerCommand<PodCluster> = SandboxPrograms.command(of: container) else { return 64 }
    guard let configuration = container.configuration else {
      container.print("no service account token is mounted; set automountServiceAccountToken\n")
      return 1
    }
    let logger = command.logger(container.print)
    let registry = try command.registry(container.environment)
    let metrics = ControllerMetrics(version: Version.current)
    let client = try KubernetesClient(configuration, onRequest: { metrics.count($0) }, logger: logger)
    var options = try command.options(client, container.environment)
    // Each pod has an address of its own on the loopback interface.
    if let address = options.metricsAddress, address.hasPrefix("0.0.0.0:") {
      options.metricsAddress = container.podIP + address.dropFirst("0.0.0.0".count)
    }
    if options.tokenAddress.hasPrefix("0.0.0.0:") {
      options.tokenAddress = container.podIP + options.tokenAddress.dropFirst("0.0.0.0".count)
    }
    let process = ControllerProcess(
      client: client, registry: registry, options: options, metrics: metrics, logger: logger)
    let result: Result<Void, any Error>
    do { result = .success(try await process.run()) } catch { result = .failure(error) }
    await client.shutdown()
    if case .failure(let error) = result, !Task.isCancelled { throw error }
    return 0
  }
}
