package import Documents

/// How the agents of nodes are installed.
package struct AgentInstallation: Hashable, Sendable {
  /// Which nodes have one, besides that they run Linux.
  package var nodeSelector: [String: String] = [:]
  /// In the form of a pod's `tolerations`: all taints, as an agent that a taint keeps out warms nothing.
  package var tolerations: [JSON] = [["operator": "Exists"]]
  package var priorityClass = "system-node-critical"
  /// What the container asks for and may use.
  package var resources = Self.defaultResources
  /// containerd's `root`: content, snapshots and, beside them, the staging folder. Mounted as one at the host's own path,
  /// since nothing can be renamed or linked from one mount to another.
  package var containerdRoot = "/var/lib/containerd"
  /// The runtime's socket. Its folder is mounted, so that a socket that is made anew is seen.
  package var runtimeSocket = "/run/containerd/containerd.sock"
  /// Where containerd's `certs.d` is; read only. Nil for not at all.
  package var containerdConfiguration: String? = "/etc/containerd"
  /// The kubelet's configuration, for its limit of garbage collection; nothing else of its folder is mounted.
  package var kubeletConfiguration: String?
  /// The kubelet's docker config, for its logins.
  package var dockerConfiguration: String?
  /// Whether the kubelet's credential providers are run: in the host's root, with the environment of the kubelet.
  package var runsCredentialProviders = false
  /// SELinux type of the container: `spc_t` where SELinux is on.
  package var selinuxType: String?
  /// Further arguments of `prepulld agent`.
  package var arguments: [String] = []

  package init() {}

  package static let defaultResources: JSON = [
    "requests": ["cpu": "50m", "memory": "64Mi"], "limits": ["memory": "512Mi"],
  ]
}

extension AgentInstallation {
  /// A capability of the agent's container, and what it is for.
  package struct Capability: Hashable, Sendable {
    package let name: String
    package let purpose: String
  }

  /// All that the container has; everything else is dropped.
  package var capabilities: [Capability] {
    Self.always
      + (runsCredentialProviders
        ? [Capability(name: "SYS_PTRACE", purpose: "Read the command line and the environment of the kubelet.")] : [])
  }

  /// Found by taking each away: a pull of layers with owners, modes, devices, file capabilities and opaque folders fails
  /// or, without FSETID, loses a setgid bit.
  package static let always = [
    Capability(name: "CHOWN", purpose: "Give unpacked files the owners that the layer names."),
    Capability(name: "DAC_OVERRIDE", purpose: "Write into unpacked folders whose owner or mode keeps others out."),
    Capability(name: "FOWNER", purpose: "Set modes, times and attributes of files that others own."),
    Capability(name: "FSETID", purpose: "Keep setuid and setgid bits where layers have them."),
    Capability(name: "MKNOD", purpose: "Make device nodes of layers, and the marks of deleted files."),
    Capability(name: "SETFCAP", purpose: "Give files the capabilities that layers name."),
    Capability(name: "SYS_CHROOT", purpose: "Shut the child that unpacks into the folder that it fills."),
    Capability(
      name: "SYS_ADMIN",
      purpose: "Write `trusted.overlay.opaque`, which overlayfs reads, and cut the child off the network."),
  ]
}
