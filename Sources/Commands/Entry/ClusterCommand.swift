package import ArgumentParser
package import Kubernetes
package import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A command that talks to a cluster.
package protocol ClusterCommand: PrepullCommand {
  associatedtype Cluster: ClusterArguments
  var clusterOptions: Cluster { get }
}

extension ClusterCommand {
  /// Runs `body` with a client for the cluster, and closes the client on every way out.
  package func withClient<Result>(_ body: (KubernetesClient) async throws -> Result) async throws -> Result {
    try await clusterOptions.withClient(logger: logger, body)
  }
}

/// Options that say which cluster is meant, and as whom.
package protocol ClusterArguments: ParsableArguments, Sendable {
  /// What the help calls these options.
  static var title: String { get }
  var namespace: String? { get }
  /// What a person should know about the options that were given; nil for nothing.
  var warning: String? { get }

  /// What these options and the environment stand for.
  func configuration(environment: [String: String]) throws(ConfigurationError) -> ClusterConfiguration
}

extension ClusterArguments {
  package var warning: String? { nil }

  /// Runs `body` with a client for the cluster, and closes the client on every way out.
  ///
  /// - Parameter notice: gets lines for the user.
  package func withClient<Result>(
    notice: @escaping @Sendable (String) -> Void = { Console.standardError.write("\($0)\n") },
    onRequest: @escaping @Sendable (RequestReport) -> Void = { _ in }, logger: Logger,
    _ body: (KubernetesClient) async throws -> Result
  ) async throws -> Result {
    if let warning { notice("warning: \(warning)") }
    let configuration = try configuration(environment: ProcessInfo.processInfo.environment)
    let client = try KubernetesClient(configuration, notice: notice, onRequest: onRequest, logger: logger)
    return try await client.closed { try await body(client) }
  }
}
