import ArgumentParser
import Commands
import Dashboard
import Kubernetes
import Logging
import VirtualCluster

/// What a container of an embedded cluster runs that is started as `prepulld dashboard`: the page itself, on the address
/// of its pod. The sandbox forwards no ports; `kubectl logs` says where the page is.
enum SandboxDashboard {
  /// Until it is cancelled, as a container is by a signal; returns the exit code.
  static func run(_ container: ContainerRun) async throws -> Int {
    guard let command: ClusterPageCommand<PodCluster> = SandboxPrograms.command(of: container) else { return 64 }
    guard let configuration = container.configuration else {
      container.print("no service account token is mounted; set automountServiceAccountToken\n")
      return 1
    }
    let logger = command.logger(container.print)
    let metrics = PageMetrics(version: Version.current)
    let client = try KubernetesClient(configuration, onRequest: { metrics.count($0) }, logger: logger)
    var options = command.options(client)
    // Each pod has an address of its own on the loopback interface.
    func own(_ address: String) -> String {
      address.hasPrefix("0.0.0.0:") ? container.podIP + address.dropFirst("0.0.0.0".count) : address
    }
    options.address = own(options.address)
    options.metricsAddress = options.metricsAddress.map(own)
    options.context = "The sandbox"
    let process = ClusterPageProcess(client: client, options: options, metrics: metrics, logger: logger)
    let result: Result<Void, any Error>
    do {
      try await process.run { [podIP = container.podIP] port in
        container.print("the page of this pod: https://\(podIP):\(port)\n")
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    if case .failure(let error) = result, !Task.isCancelled { throw error }
    return 0
  }
}
