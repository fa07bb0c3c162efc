import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ExecPlugin {
  static let versions = ["v1", "v1beta1"].map { "client.authentication.k8s.io/\($0)" }

  /// The plugin that a kubeconfig's user names.
  init(
    _ exec: Kubeconfig.User.Exec, _ cluster: Kubeconfig.Cluster?, of subject: String, _ environment: [String: String]
  ) throws(ConfigurationError) {
    guard let command = exec.command.nonEmpty else {
      throw ConfigurationError(
        .malformed, "the exec plugin of \(subject) has no command", remedy: "Add it to the kubeconfig.")
    }
    guard let version = exec.apiVersion, Self.versions.contains(version) else {
      throw ConfigurationError(
        .unsupported, "the exec plugin of \(subject) speaks '\(exec.apiVersion ?? "")'",
        remedy: "Update the plugin and the kubeconfig to \(Self.versions[0]).")
    }
    guard let mode = InteractiveMode(rawValue: exec.interactiveMode ?? InteractiveMode.ifAvailable.rawValue) else {
      throw ConfigurationError(
        .malformed, "interactiveMode of the exec plugin of \(subject) is '\(exec.interactiveMode ?? "")'",
        remedy: "It is Never, IfAvailable or Always.")
    }
    let own = Dictionary((exec.env ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
    self.init(
      apiVersion: version, command: command, arguments: exec.args ?? [],
      environment: environment.merging(own) { $1 }, installHint: exec.installHint.nonEmpty, interactiveMode: mode,
      cluster: exec.provideClusterInfo ?? false ? cluster.map(Self.information) : nil)
  }

  /// `spec.cluster` of an ExecCredential.
  private static func information(of cluster: Kubeconfig.Cluster) -> JSON {
    var info: JSON = ["server": .string(cluster.server ?? "")]
    info["tls-server-name"] = cluster.tlsServerName.nonEmpty.map { .string($0) }
    info["insecure-skip-tls-verify"] = (cluster.insecureSkipTLSVerify ?? false) ? true : nil
    let file = cluster.certificateAuthority.nonEmpty.flatMap { FileContent.read($0) }
    info["certificate-authority-data"] =
      (cluster.certificateAuthorityData.nonEmpty ?? file?.base64EncodedString()).map { .string($0) }
    info["proxy-url"] = cluster.proxyURL.nonEmpty.map { .string($0) }
    info["disable-compression"] = (cluster.disableCompression ?? false) ? true : nil
    info["config"] = cluster.extensions?.first { $0.name == "client.authentication.k8s.io/exec" }?.extension
    return info
  }
}
