import Operator
import ArgumentParser
import Kubernetes
import Logging
import Sandbox

/// What the containers of an embedded cluster run for real: Prepull's operator.
enum SandboxPrograms {
  static let all = [SandboxProgram("prepull") { try await run($0) }]

  /// Exit codes as of the program: 64 for arguments that make no sense.
  private static func run(_ container: ContainerRun) async throws -> Int {
    let command: ControllerCommand
    do {
      guard let parsed = try CommandLineTool.parseAsRoot(container.arguments) as? ControllerCommand else {
        container.print("the sandbox runs '\(Program.name) controller' only\n")
        return 64
      }
      command = parsed
    } catch {
      container.print(CommandLineTool.fullMessage(for: error) + "\n")
      return 64
    }
    guard let configuration = container.configuration else {
      container.print("no service account token is mounted; set automountServiceAccountToken\n")
      return 1
    }
    let level: Logger.Level = command.verbose ? .debug : .info
    let format = command.logFormat
    let logger = Logger(label: "prepull") { _ in Logs(level: level, format: format, write: container.print) }
    let registry = try command.registry(container.environment)
    let metrics = ControllerMetrics(version: Version.current)
    let client = try KubernetesClient(configuration, onRequest: { metrics.count($0) }, logger: logger)
    var options = try command.options(client, container.environment)
    // Each pod has an address of its own on the loopback interface.
    if let address = options.metricsAddress, address.hasPrefix("0.0.0.0:") {
      options.metricsAddress = container.podIP + address.dropFirst("0.0.0.0".count)
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
