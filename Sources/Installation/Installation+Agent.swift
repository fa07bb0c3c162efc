import Documents

/// The agents of nodes, and what surrounds them.
extension Installation {
  /// Of everything of the agents, the namespace too: the policy and the operator know them by it.
  package static let agentName = "prepull-agent"
  static let agentLabels: JSON = ["app.kubernetes.io/name": "prepull", "app.kubernetes.io/component": "agent"]
  /// Which objects belong to the agents.
  package static let agentSelector = "app.kubernetes.io/name=prepull,app.kubernetes.io/component=agent"
  /// Whom the token is shown to that agents get logins for.
  static let audience = "prepull"
  private static let tokenFolder = "/var/run/secrets/prepull"
  private static let hostFolder = "/host"

  /// An object of the agents' own.
  func agentObject(_ apiVersion: String, _ kind: String, isNamespaced: Bool = true) -> JSON {
    var metadata: JSON = ["name": .string(Self.agentName), "labels": Self.agentLabels]
    if isNamespaced { metadata["namespace"] = .string(Self.agentName) }
    return ["apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": metadata]
  }

  /// All of it; their namespace too, whose labels let them run.
  func agentObjects(_ agent: AgentInstallation) -> [JSON] {
    [agentNamespace] + agentPermissions + agentPolicy + [daemonSet(agent), agentNetworkPolicy]
      + (hasServiceMonitor ? [podMonitor] : [])
  }

  /// Agents mount folders of their node, which only this level allows.
  var agentNamespace: JSON {
    var namespace = agentObject("v1", "Namespace", isNamespaced: false)
    for mode in ["enforce", "audit", "warn"] {
      namespace[path: "metadata", "labels", "pod-security.kubernetes.io/\(mode)"] = "privileged"
    }
    return namespace
  }

  // MARK: Permissions

  var agentPermissions: [JSON] {
    var account = agentObject("v1", "ServiceAccount")
    account["automountServiceAccountToken"] = false
    let group = "rbac.authorization.k8s.io"
    func binding(_ kind: String, _ role: String, _ name: String, of account: String, in namespace: String) -> JSON {
      var binding = agentObject("\(group)/v1", kind, isNamespaced: kind == "RoleBinding")
      binding[path: "metadata", "name"] = .string(name)
      binding["roleRef"] = ["apiGroup": .string(group), "kind": .string(role), "name": .string(name)]
      binding["subjects"] = [
        ["kind": "ServiceAccount", "name": .string(account), "namespace": .string(namespace)]
      ]
      return binding
    }
    func role(_ kind: String, _ name: String, _ rules: [Permission]) -> JSON {
      var role = agentObject("\(group)/v1", kind, isNamespaced: kind == "Role")
      role[path: "metadata", "name"] = .string(name)
      role["rules"] = .array(rules.map(\.rule))
      return role
    }
    let (own, agents) = (Self.agentName, "prepull-controller-agents")
    return [
      account, role("ClusterRole", own, Permission.agent),
      binding("ClusterRoleBinding", "ClusterRole", own, of: own, in: own),
      role("Role", own, Permission.agentHome), binding("RoleBinding", "Role", own, of: own, in: own),
      role("ClusterRole", agents, Permission.agents),
      binding("ClusterRoleBinding", "ClusterRole", agents, of: Self.name, in: namespace),
      role("Role", agents, Permission.agentCertificates),
      binding("RoleBinding", "Role", agents, of: Self.name, in: namespace),
    ]
  }

  // MARK: What runs

  func daemonSet(_ agent: AgentInstallation) -> JSON {
    var set = agentObject("apps/v1", "DaemonSet")
    set["spec"] = [
      "selector": ["matchLabels": Self.agentLabels],
      "updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": "10%"]],
      "template": ["metadata": ["labels": Self.agentLabels], "spec": agentPod(agent)],
    ]
    return set
  }

  private func agentPod(_ agent: AgentInstallation) -> JSON {
    let mounts = Self.hostMounts(agent)
    let token: JSON = [
      "serviceAccountToken": ["audience": .string(Self.audience), "expirationSeconds": 3600, "path": "token"]
    ]
    var pod: JSON = [
      "serviceAccountName": .string(Self.agentName), "automountServiceAccountToken": true, "enableServiceLinks": false,
      "containers": [agentContainer(agent, mounts)], "terminationGracePeriodSeconds": 30,
      "priorityClassName": .string(agent.priorityClass),
      "nodeSelector": .object(
        agent.nodeSelector.mapValues(JSON.string).merging(["kubernetes.io/os": "linux"]) { given, _ in given }),
      "securityContext": ["seccompProfile": ["type": "RuntimeDefault"]],
      "volumes": .array([["name": "token", "projected": ["sources": [token]]]] + mounts.map(\.volume)),
    ]
    if !agent.tolerations.isEmpty { pod["tolerations"] = .array(agent.tolerations) }
    if !pullSecrets.isEmpty { pod["imagePullSecrets"] = .array(pullSecrets.map { ["name": .string($0)] }) }
    if agent.runsCredentialProviders { pod["hostPID"] = true }
    return pod
  }

  private func agentContainer(_ agent: AgentInstallation, _ mounts: [HostMount]) -> JSON {
    func field(_ name: String, _ path: String) -> JSON {
      ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(path)]]]
    }
    let variables: [JSON] = environment.map { ["name": .string($0.name), "value": .string($0.value)] }
    var security: JSON = [
      "runAsUser": 0, "runAsGroup": 0, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
      "capabilities": ["drop": ["ALL"], "add": .array(agent.capabilities.map { .string($0.name) })],
    ]
    if let type = agent.selinuxType { security["seLinuxOptions"] = ["type": .string(type)] }
    let token: JSON = ["name": "token", "mountPath": .string(Self.tokenFolder), "readOnly": true]
    return [
      "name": "agent", "image": .string(image), "command": ["prepulld"],
      "args": .array(agentArguments(agent).map(JSON.string)),
      "env": .array([field("NODE_NAME", "spec.nodeName"), field("POD_NAME", "metadata.name")] + variables),
      "ports": [["name": "http", "containerPort": 8080]],
      "livenessProbe": Self.probe("/healthz", failures: 6), "readinessProbe": Self.probe("/readyz", failures: 3),
      "resources": agent.resources, "securityContext": security,
      "volumeMounts": .array([token] + mounts.map(\.mount)),
    ]
  }

  private func agentArguments(_ agent: AgentInstallation) -> [String] {
    var arguments = [
      "agent", "--log-format=json", "--runtime=cri://\(agent.runtimeSocket)",
      "--state-dir=\(agent.containerdRoot)/prepull-agent", "--token-service=https://\(Self.name).\(namespace).svc:8443",
      "--token-file=\(Self.tokenFolder)/token",
    ]
    if let file = agent.kubeletConfiguration { arguments.append("--kubelet-config=\(file)") }
    if agent.runsCredentialProviders { arguments.append("--host-root=\(Self.hostFolder)") }
    return arguments + agent.arguments
  }

  // MARK: Folders of the node

  private struct HostMount {
    let volume: JSON
    var mount: JSON

    /// - Parameter target: where it is mounted; at its own path when nil.
    init(_ name: String, _ path: String, _ type: String, isReadOnly: Bool = false, at target: String? = nil) {
      volume = ["name": .string(name), "hostPath": ["path": .string(path), "type": .string(type)]]
      mount = ["name": .string(name), "mountPath": .string(target ?? path)]
      if isReadOnly { mount["readOnly"] = true }
      // What is mounted there on the node comes and goes here too: without it a mount of another container that ends
      // would be kept alive by this one.
      if type != "File" { mount["mountPropagation"] = "HostToContainer" }
    }
  }

  private static func hostMounts(_ agent: AgentInstallation) -> [HostMount] {
    let folder = agent.runtimeSocket.split(separator: "/").dropLast().map { "/\($0)" }.joined()
    var mounts = [
      HostMount("containerd", agent.containerdRoot, "Directory"), HostMount("runtime", folder, "Directory"),
    ]
    if let path = agent.containerdConfiguration {
      mounts.append(HostMount("registries", path, "DirectoryOrCreate", isReadOnly: true))
    }
    if let path = agent.kubeletConfiguration { mounts.append(HostMount("kubelet", path, "File", isReadOnly: true)) }
    if let path = agent.dockerConfiguration { mounts.append(HostMount("logins", path, "File", isReadOnly: true)) }
    if agent.runsCredentialProviders {
      mounts.append(HostMount("host", "/", "Directory", isReadOnly: true, at: hostFolder))
    }
    return mounts
  }

  // MARK: Around it

  private var agentNetworkPolicy: JSON {
    var policy = agentObject("networking.k8s.io/v1", "NetworkPolicy")
    policy["spec"] = [
      "podSelector": ["matchLabels": Self.agentLabels], "policyTypes": ["Ingress"],
      "ingress": [["ports": [["port": "http", "protocol": "TCP"]]]],
    ]
    return policy
  }

  private var podMonitor: JSON {
    var monitor = agentObject("monitoring.coreos.com/v1", "PodMonitor")
    monitor["spec"] = ["selector": ["matchLabels": Self.agentLabels], "podMetricsEndpoints": [["port": "http"]]]
    return monitor
  }
}
