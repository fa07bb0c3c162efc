package import Documents

/// How the page inside the cluster is installed.
package struct DashboardInstallation: Hashable, Sendable {
  /// A Secret of the operator's namespace, of type `kubernetes.io/tls`; nil for a certificate that the page makes.
  package var tlsSecret: String?
  /// What the container asks for and may use.
  package var resources = Installation.defaultResources

  package init() {}
}
