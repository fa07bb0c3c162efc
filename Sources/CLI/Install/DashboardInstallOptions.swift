import ArgumentParser
import Installation
import Kubernetes

/// What `prepull install` says about the page inside the cluster.
struct DashboardInstallOptions: ParsableArguments {
  @Flag(
    name: .customLong("dashboard"),
    help: "Install the page of nodes and images too, for people who show a token of the cluster.")
  var isWanted = false

  @Option(
    name: .customLong("dashboard-tls-secret"),
    help: ArgumentHelp(
      "Secret of the namespace, of type kubernetes.io/tls, with the page's certificate. (default: one that the page makes "
        + "at its start)", valueName: "name"))
  var tlsSecret: String?

  func validate() throws {
    guard let tlsSecret else { return }
    if let problem = NamingRule.subdomain.problem(in: tlsSecret) {
      throw ValidationError("--dashboard-tls-secret '\(tlsSecret)' \(problem)")
    }
    if !isWanted { throw ValidationError("--dashboard-tls-secret has no meaning without --dashboard: add it") }
  }

  /// Nil where no page is wanted.
  var settings: DashboardInstallation? {
    guard isWanted else { return nil }
    var settings = DashboardInstallation()
    settings.tlsSecret = tlsSecret
    return settings
  }
}
