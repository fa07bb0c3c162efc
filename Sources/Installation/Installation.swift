import PrepullAPI
package import Documents
import Networking

/// Everything that a cluster needs to run the operator, as the objects that are applied to it.
///
/// A cluster has one operator, so the objects have fixed names. The same options give the same objects, and the
/// kustomize base and the Helm chart in `deploy/` hold the same; a test compares the three.
package struct Installation: Hashable, Sendable {
  /// Secrets that the operator may read, in one namespace, to ask registries about images as pods there would.
  package struct SecretGrant: Hashable, Sendable {
    package let namespace: String
    /// All of the namespace when empty.
    package var names: [String]

    package init(namespace: String, names: [String] = []) {
      self.namespace = namespace
      self.names = names
    }
  }

  /// A variable of the operator's environment.
  package struct Variable: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Certificates that registries are trusted by besides the system's.
  package enum Authorities: Hashable, Sendable {
    /// PEM text, which goes into a ConfigMap of ours.
    case text(String)
    /// A ConfigMap of the namespace that has them.
    case configMap(name: String, key: String)
  }

  package var namespace = Self.defaultNamespace
  /// Whether the namespace is among the objects.
  package var createsNamespace = true
  /// Prepull's own image.
  package var image: String
  /// One leads, the others wait to take over.
  package var replicas = 2
  /// Whether the operator may remove startup taints from nodes and tell them that they are warm.
  package var opensGates = true
  /// Keys of taints that its own pods tolerate: it could open no gate behind which it waits itself.
  package var gateTaints = [Self.defaultGateTaint]
  package var secretGrants: [SecretGrant] = []
  package var nodeSelector: [String: String] = [:]
  /// In the form of a pod's `tolerations`.
  package var tolerations: [JSON] = []
  package var priorityClass: String?
  /// Secrets, in `namespace`, with which the nodes pull Prepull's own image.
  package var pullSecrets: [String] = []
  /// What the container asks for and may use.
  package var resources = Self.defaultResources
  /// Further arguments of `prepulld controller`.
  package var arguments: [String] = []
  /// Further environment of the container.
  package var environment: [Variable] = []
  package var authorities: Authorities?
  /// Whether a ServiceMonitor tells the Prometheus operator where the metrics are.
  package var hasServiceMonitor = false

  /// The agents of nodes; nil for none.
  package var agent: AgentInstallation?

  /// The page inside the cluster; nil for none.
  package var dashboard: DashboardInstallation?

  package init(image: String) { self.image = image }

  package static let defaultNamespace = "prepull-system"
  package static let defaultGateTaint = "prepull.dev/cold"
  package static let defaultResources: JSON = [
    "requests": ["cpu": "50m", "memory": "64Mi"], "limits": ["memory": "512Mi"],
  ]
  package static let authoritiesKey = "ca.crt"
  /// Of the ServiceAccount, the Deployment and what goes with them.
  package static let name = "prepull-controller"

  /// Which objects belong to the operator. What the operator itself creates has other labels.
  package static let selector = "app.kubernetes.io/name=prepull,app.kubernetes.io/component=controller"
  static let labels: JSON = [
    "app.kubernetes.io/name": "prepull", "app.kubernetes.io/component": "controller",
  ]

  /// All objects, in an order in which they can be applied.
  package var objects: [JSON] {
    (createsNamespace ? [namespaceObject] : []) + CustomResourceDefinitions.all + permissions + workload
      + (dashboard.map(dashboardObjects) ?? []) + (agent.map(agentObjects) ?? [])
  }

  /// Namespaces that are there in every cluster, and that others use.
  package static func isForeign(_ namespace: String) -> Bool { namespace == "default" || namespace.hasPrefix("kube-") }

  /// An object of ours: kind, name and labels, to which the rest is added.
  func object(
    _ apiVersion: String, _ kind: String, _ name: String = Self.name, in namespace: String? = nil
  ) -> JSON {
    var metadata: JSON = ["name": .string(name), "labels": Self.labels]
    metadata["namespace"] = namespace.map(JSON.string)
    return ["apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": metadata]
  }
}

extension Installation.Variable {
  /// What makes programs take a proxy, but not on the way to the API server, whose address Kubernetes fills in. Nil where
  /// `url` names none.
  package static func proxy(_ url: String, except hosts: [String]) -> [Self]? {
    guard ProxyAddress(parsing: url) != nil else { return nil }
    let direct = ["$(KUBERNETES_SERVICE_HOST)", ".svc", ".cluster.local"] + hosts
    return [
      Self(name: "HTTPS_PROXY", value: url), Self(name: "HTTP_PROXY", value: url),
      Self(name: "NO_PROXY", value: direct.joined(separator: ",")),
    ]
  }
}
