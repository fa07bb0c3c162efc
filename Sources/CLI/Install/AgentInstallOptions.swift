import ArgumentParser
import Commands
import Documents
import Installation
import Kubernetes
import Warming

/// What `prepull install` says about the agents of nodes.
struct AgentInstallOptions: ParsableArguments {
  @Flag(
    name: .customLong("agent"),
    help: "Install the agents of nodes too, for Prepulls of engine Agent; needs Kubernetes 1.30.")
  var isWanted = false

  @Option(help: ArgumentHelp("Only nodes with this label have an agent. Repeatable.", valueName: "key=value"))
  var agentNodeSelector: [String] = []

  @Option(
    help: ArgumentHelp(
      "Taint that the agents tolerate, as --toleration has it. Repeatable. (default: all)", valueName: "taint"))
  var agentToleration: [String] = []

  @Option(help: ArgumentHelp("Priority class of the agents' pods.", valueName: "name"))
  var agentPriorityClass = AgentInstallation().priorityClass

  @Option(help: ArgumentHelp("containerd's root folder on the nodes.", valueName: "folder"))
  var agentContainerdRoot = AgentInstallation().containerdRoot

  @Option(help: ArgumentHelp("The runtime's socket on the nodes.", valueName: "file"))
  var agentRuntimeSocket = AgentInstallation().runtimeSocket

  @Option(
    help: ArgumentHelp(
      "Where containerd's certs.d is on the nodes, read only; 'none' for not at all.", valueName: "folder"))
  var agentContainerdConfig = "/etc/containerd"

  @Option(
    help: ArgumentHelp(
      "The kubelet's configuration on the nodes, for its limit of garbage collection: /var/lib/kubelet/config.yaml.",
      valueName: "file"))
  var agentKubeletConfig: String?

  @Option(
    help: ArgumentHelp(
      "The kubelet's docker config on the nodes, for its logins: /var/lib/kubelet/config.json.", valueName: "file"))
  var agentDockerConfig: String?

  @Flag(
    help: "Let agents run the kubelet's credential providers: they see all processes and files of their node then.")
  var agentCredentialProviders = false

  @Option(
    name: .customLong("agent-selinux-type"),
    help: ArgumentHelp("SELinux type of the agents, where SELinux is on: spc_t.", valueName: "type"))
  var agentSELinuxType: String?

  @Option(
    name: .customLong("agent-argument"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Further argument of prepulld agent: --max-bandwidth=100MiB. Repeatable.", valueName: "argument"))
  var agentArguments: [String] = []

  func validate() throws {
    let paths = [
      ("--agent-containerd-root", agentContainerdRoot), ("--agent-runtime-socket", agentRuntimeSocket),
      ("--agent-containerd-config", agentContainerdConfig == "none" ? "/" : agentContainerdConfig),
      ("--agent-kubelet-config", agentKubeletConfig ?? "/"), ("--agent-docker-config", agentDockerConfig ?? "/"),
    ]
    for (option, path) in paths
    where !path.hasPrefix("/") || path.contains(":") || path.split(separator: "/").contains("..") {
      throw ValidationError("\(option) '\(path)' is no absolute path of a node")
    }
    if agentContainerdRoot.split(separator: "/").isEmpty {
      throw ValidationError("--agent-containerd-root '/' would be the whole node: name containerd's folder")
    }
    if agentRuntimeSocket.split(separator: "/").count < 2 {
      throw ValidationError("--agent-runtime-socket '\(agentRuntimeSocket)' is no socket in a folder of its own")
    }
    if let problem = NamingRule.subdomain.problem(in: agentPriorityClass) {
      throw ValidationError("--agent-priority-class '\(agentPriorityClass)' \(problem)")
    }
    let given =
      !agentNodeSelector.isEmpty || !agentToleration.isEmpty || !agentArguments.isEmpty || agentCredentialProviders
      || agentKubeletConfig != nil || agentDockerConfig != nil || agentSELinuxType != nil
    if given, !isWanted { throw ValidationError("--agent-… options have no meaning without --agent: add it") }
  }

  /// An argument that `prepulld agent` does not take would end each agent at its start; of an option that it gets twice
  /// it would heed the last.
  private func checkArguments() throws {
    guard !agentArguments.isEmpty else { return }
    do {
      // Asked for help, it gives another command.
      guard try DaemonTool.parseAsRoot(["agent", "--node=node"] + agentArguments) is AgentCommand<PodCluster> else {
        throw CleanExit.helpRequest()
      }
    } catch {
      if DaemonTool.exitCode(for: error).isSuccess {
        throw ValidationError("--agent-argument: asked for its help or version, prepulld agent ends: leave that out")
      }
      // The first line says it; the rest is the usage of another program.
      let message = DaemonTool.message(for: error).split(separator: "\n").first.map(String.init) ?? ""
      throw ValidationError("--agent-argument: prepulld agent does not take it: \(message)")
    }
    var given: Set<String> = []
    for option in Self.options(agentArguments) where !Self.repeatable.contains(option) {
      if Self.own.contains(option) {
        throw ValidationError("--agent-argument: \(option) is set by Prepull: leave it out")
      }
      guard given.insert(option).inserted else {
        throw ValidationError("--agent-argument: \(option) is given twice: leave one of them out")
      }
    }
  }

  /// Options of `prepulld agent` that the DaemonSet sets or relies on, as its probes on the usual address.
  static let own: Set = [
    "--node", "--log-format", "--runtime", "--state-dir", "--token-service", "--token-file", "--kubelet-config",
    "--host-root", "--metrics-address", "--kubeconfig", "--namespace", "-n",
  ]
  /// Options that add up.
  static let repeatable: Set = ["--plain-http", "--ca-file"]

  /// The names of the options among arguments.
  static func options(_ arguments: [String]) -> [String] {
    arguments.filter { $0.hasPrefix("-") }.map { String($0.prefix { $0 != "=" }) }
  }

  /// Nil where no agents are wanted.
  func settings() throws -> AgentInstallation? {
    guard isWanted else { return nil }
    // Not in validate: after a fault there, the parser takes a --help among them for its own.
    try checkArguments()
    var settings = AgentInstallation()
    settings.nodeSelector = try KeyValues.pairs(agentNodeSelector, of: "--agent-node-selector").entries
    if !agentToleration.isEmpty {
      do {
        settings.tolerations = try agentToleration.map { try JSON(encoding: try Toleration(parsing: $0)) }
      } catch let error as ManifestError {
        throw ValidationError(error.description)
      }
    }
    settings.priorityClass = agentPriorityClass
    settings.containerdRoot = agentContainerdRoot
    settings.runtimeSocket = agentRuntimeSocket
    settings.containerdConfiguration = agentContainerdConfig == "none" ? nil : agentContainerdConfig
    settings.kubeletConfiguration = agentKubeletConfig
    settings.dockerConfiguration = agentDockerConfig
    settings.runsCredentialProviders = agentCredentialProviders
    settings.selinuxType = agentSELinuxType
    settings.arguments = agentArguments
    return settings
  }
}
