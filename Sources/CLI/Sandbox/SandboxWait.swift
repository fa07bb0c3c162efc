import ArgumentParser
import Commands
import Kubernetes
import VirtualCluster

/// What a container of an embedded cluster runs that is started as `prepulld wait`.
enum SandboxWait {
  /// Returns the exit code.
  static func run(_ container: ContainerRun) async throws -> Int {
    guard let command: WaitCommand<PodCluster, NoManifests> = SandboxPrograms.command(of: container) else { return 2 }
    guard var configuration = container.configuration else {
      container.print("no service account token is mounted; set automountServiceAccountToken\n")
      return 1
    }
    if let namespace = command.clusterOptions.namespace { configuration.namespace = namespace }
    let client = try KubernetesClient(configuration, logger: command.logger)
    return try await client.closed {
      do {
        return try await command.run(client, print: container.print) ? 0 : 1
      } catch {
        if !Task.isCancelled { container.print("Error: \(error)\n") }
        return 1
      }
    }
  }
}
