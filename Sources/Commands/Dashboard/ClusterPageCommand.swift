package import ArgumentParser
package import Dashboard
package import Kubernetes
package import Logging
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `prepulld dashboard`: the page inside a cluster, for people who show a token.
package struct ClusterPageCommand<Cluster: ClusterArguments>: ClusterCommand {
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "dashboard",
      abstract: "Serve the page of nodes and images inside the cluster, to people who show a token.",
      usage: "\(Program.name) dashboard [<options>]",
      discussion: """
        It runs in a cluster, where '\(Program.nameForPeople) install --dashboard' puts it. Each sees what the user of \
        their token may list, and nothing can be changed.

        Examples:
          \(Program.name) dashboard
          \(Program.name) dashboard --tls-cert tls.crt --tls-key tls.key
        """)
  }

  @Option(help: ArgumentHelp("Where the page is served, over TLS.", valueName: "host:port"))
  var address = "0.0.0.0:8443"

  @Option(
    help: ArgumentHelp(
      "Where /metrics, /healthz and /readyz are served; 'none' for nowhere.", valueName: "host:port"))
  var metricsAddress = "0.0.0.0:8080"

  @Option(
    name: .customLong("tls-cert"),
    help: ArgumentHelp(
      "The page's certificate with its chain (PEM), read again when it changes. (default: one that is made at the start)",
      valueName: "file"))
  var tlsCertificate: String?

  @Option(name: .customLong("tls-key"), help: ArgumentHelp("The key of that certificate (PEM).", valueName: "file"))
  var tlsKey: String?

  @Option(help: ArgumentHelp("text, or json: an object a line.", valueName: "format"))
  var logFormat = LogFormat.text

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  package var verbose = false

  @OptionGroup(title: Cluster.title) package var clusterOptions: Cluster

  package init() {}

  package func validate() throws {
    try usage { try StatusServer.check(address) }
    if metricsAddress != "none" { try usage { try StatusServer.check(metricsAddress) } }
    if (tlsCertificate == nil) != (tlsKey == nil) {
      throw ValidationError("--tls-cert and --tls-key go together: give both, or neither")
    }
  }

  /// Logs state changes, for a program or a person to follow.
  ///
  /// - Parameter write: gets each line with its end.
  package func logger(_ write: @escaping @Sendable (String) -> Void) -> Logger {
    Logs.logger(isVerbose: verbose, format: logFormat, write: write)
  }

  package func run() async throws {
    IdleMemory.keepLittle()
    let logger = logger { Console.standardError.write($0) }
    // A signal is how a server ends: no failure.
    _ = try await Interrupt.cancelling { () -> Void? in
      let metrics = PageMetrics(version: Version.current)
      try await clusterOptions.withClient(
        notice: { logger.warning("\($0)") }, onRequest: { metrics.count($0) }, logger: logger
      ) { client in
        let process = ClusterPageProcess(client: client, options: options(client), metrics: metrics, logger: logger)
        try await process.run()
      }
    }
  }

  package func options(_ client: KubernetesClient) -> ClusterPageProcess.Options {
    var options = ClusterPageProcess.Options()
    options.address = address
    options.metricsAddress = metricsAddress == "none" ? nil : metricsAddress
    if let tlsCertificate, let tlsKey { options.certificate = (tlsCertificate, tlsKey) }
    options.namespace = client.configuration.namespace
    options.context = client.configuration.contextName ?? "This cluster"
    return options
  }
}
