package import Documents

/// How the page inside the cluster is installed.
package struct DashboardInstallation: Hashable, Sendable {
  /// A Secret of the operator's namespace, of type `kubernetes.io/tls`; nil for a certificate that the page makes.
  package var tlsSecret: String?
  /// What the container asks for and may use: with 5,000 nodes that hold 50 images it takes 350 MB, and with as many
  /// different views as it allows 900 MB.
  package var resources: JSON = ["requests": ["cpu": "50m", "memory": "64Mi"], "limits": ["memory": "1Gi"]]

  package init() {}
}
