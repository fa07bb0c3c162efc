import Documents

/// The page inside the cluster, and what surrounds it.
extension Installation {
  /// Of everything of the page.
  package static let dashboardName = "prepull-dashboard"
  package static let dashboardViewerName = "prepull-dashboard-viewer"
  static let dashboardLabels: JSON = ["app.kubernetes.io/name": "prepull", "app.kubernetes.io/component": "dashboard"]
  /// Which objects belong to the page.
  package static let dashboardSelector = "app.kubernetes.io/name=prepull,app.kubernetes.io/component=dashboard"
  private static let tlsFolder = "/etc/prepull/tls"

  private func dashboardObject(_ apiVersion: String, _ kind: String, _ name: String? = nil, isGlobal: Bool = false)
    -> JSON
  {
    var metadata: JSON = ["name": .string(name ?? Self.dashboardName), "labels": Self.dashboardLabels]
    if !isGlobal { metadata["namespace"] = .string(namespace) }
    return ["apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": metadata]
  }

  /// All of it.
  func dashboardObjects(_ dashboard: DashboardInstallation) -> [JSON] {
    dashboardPermissions + [dashboardService, dashboardDeployment(dashboard), dashboardNetworkPolicy]
      + (hasServiceMonitor ? [dashboardPodMonitor] : [])
  }

  private var dashboardPermissions: [JSON] {
    let group = "rbac.authorization.k8s.io"
    var account = dashboardObject("v1", "ServiceAccount")
    account["automountServiceAccountToken"] = false
    var role = dashboardObject("\(group)/v1", "ClusterRole", isGlobal: true)
    role["rules"] = .array(Permission.dashboard.map(\.rule))
    var binding = dashboardObject("\(group)/v1", "ClusterRoleBinding", isGlobal: true)
    binding["roleRef"] = ["apiGroup": .string(group), "kind": "ClusterRole", "name": .string(Self.dashboardName)]
    binding["subjects"] = [
      ["kind": "ServiceAccount", "name": .string(Self.dashboardName), "namespace": .string(namespace)]
    ]
    var viewer = dashboardObject("\(group)/v1", "ClusterRole", Self.dashboardViewerName, isGlobal: true)
    viewer["rules"] = .array(Permission.dashboardViewers.map(\.rule))
    return [account, role, binding, viewer]
  }

  private var dashboardService: JSON {
    var service = dashboardObject("v1", "Service")
    service["spec"] = [
      "selector": Self.dashboardLabels, "ports": [["name": "https", "port": 443, "targetPort": "https"]],
    ]
    return service
  }

  /// One replica: who is logged in is in its memory. A second one beside it, also for a moment, would know others.
  private func dashboardDeployment(_ dashboard: DashboardInstallation) -> JSON {
    var deployment = dashboardObject("apps/v1", "Deployment")
    deployment["spec"] = [
      "replicas": 1, "strategy": ["type": "Recreate"], "selector": ["matchLabels": Self.dashboardLabels],
      "template": ["metadata": ["labels": Self.dashboardLabels], "spec": dashboardPod(dashboard)],
    ]
    return deployment
  }

  private func dashboardPod(_ dashboard: DashboardInstallation) -> JSON {
    var pod: JSON = [
      "serviceAccountName": .string(Self.dashboardName), "automountServiceAccountToken": true,
      "enableServiceLinks": false, "containers": [dashboardContainer(dashboard)], "terminationGracePeriodSeconds": 10,
      "securityContext": [
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
        "seccompProfile": ["type": "RuntimeDefault"],
      ],
      "nodeSelector": .object(
        nodeSelector.mapValues(JSON.string).merging(["kubernetes.io/os": "linux"]) { given, _ in given }),
    ]
    if !tolerations.isEmpty { pod["tolerations"] = .array(tolerations) }
    if !pullSecrets.isEmpty { pod["imagePullSecrets"] = .array(pullSecrets.map { ["name": .string($0)] }) }
    if let secret = dashboard.tlsSecret {
      // The key is for the process alone.
      pod["volumes"] = [["name": "tls", "secret": ["secretName": .string(secret), "defaultMode": 288]]]
    }
    return pod
  }

  private func dashboardContainer(_ dashboard: DashboardInstallation) -> JSON {
    let hasSecret = dashboard.tlsSecret != nil
    let certificate =
      hasSecret ? ["--tls-cert=\(Self.tlsFolder)/tls.crt", "--tls-key=\(Self.tlsFolder)/tls.key"] : []
    var container: JSON = [
      "name": "dashboard", "image": .string(image), "command": ["prepulld"],
      "args": .array((["dashboard", "--log-format=json"] + certificate).map(JSON.string)),
      "ports": [["name": "https", "containerPort": 8443], ["name": "http", "containerPort": 8080]],
      "livenessProbe": Self.probe("/healthz", failures: 6), "readinessProbe": Self.probe("/readyz", failures: 3),
      "resources": dashboard.resources,
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
      ],
    ]
    if hasSecret {
      container["volumeMounts"] = [["name": "tls", "mountPath": .string(Self.tlsFolder), "readOnly": true]]
    }
    return container
  }

  /// The page and its probes and metrics; nothing else comes in.
  private var dashboardNetworkPolicy: JSON {
    var policy = dashboardObject("networking.k8s.io/v1", "NetworkPolicy")
    policy["spec"] = [
      "podSelector": ["matchLabels": Self.dashboardLabels], "policyTypes": ["Ingress"],
      "ingress": [["ports": [["port": "https", "protocol": "TCP"], ["port": "http", "protocol": "TCP"]]]],
    ]
    return policy
  }

  private var dashboardPodMonitor: JSON {
    var monitor = dashboardObject("monitoring.coreos.com/v1", "PodMonitor")
    monitor["spec"] = ["selector": ["matchLabels": Self.dashboardLabels], "podMetricsEndpoints": [["port": "http"]]]
    return monitor
  }
}
