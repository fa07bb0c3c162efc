import ArgumentParser
import Commands
import Documents
import Foundation
import ImageModel
import Installation
import Kubernetes
import Logging
import Warming

/// `prepull install`: everything that the operator needs, for kubectl to apply.
struct InstallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Print all that the operator needs in a cluster, for kubectl apply.",
    discussion: """
      The output depends on the arguments alone, and nothing is asked of the cluster; with --agent its version is, where \
      it can be reached. The same is in deploy/kustomize and deploy/helm.

      Examples:
        \(Program.name) install | kubectl apply -f -
        \(Program.name) install --grant-secrets web,shop/regcred | kubectl apply -f -
        \(Program.name) install --agent --agent-node-selector pool=gpu | kubectl apply -f -
        \(Program.name) install --dashboard | kubectl apply -f -
        \(Program.name) install | kubectl diff -f -
      """)

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the operator runs.", valueName: "name"))
  var namespace = Installation.defaultNamespace

  @Flag(inversion: .prefixedNo, help: "Print the operator's namespace too; that of agents is always printed.")
  var createNamespace = true

  @Option(help: ArgumentHelp("Prepull's own image.", valueName: "image"))
  var image = RenderCommand.publishedImage

  @Option(help: ArgumentHelp("Controllers; one of them leads.", valueName: "n"))
  var replicas = 2

  @Flag(
    inversion: .prefixedNo,
    help: "Let the operator remove startup taints from nodes, and set their condition prepull.dev/Warm.")
  var gate = true

  @Option(
    help: ArgumentHelp(
      "Startup taint that the operator's own pods tolerate; it could not remove one that keeps it out. Repeatable. "
        + "(default: \(Installation.defaultGateTaint))", valueName: "key"))
  var gateTaint: [String] = []

  @Option(
    help: ArgumentHelp(
      "Let the operator use the pull secrets of a namespace, or one of them, when it asks registries. Repeatable, or "
        + "with commas.", valueName: "namespace[/secret]"))
  var grantSecrets: [String] = []

  @Option(
    help: ArgumentHelp(
      "Let sources of Prepulls ask this server (Prometheus, Loki). Repeatable, or with commas.",
      valueName: "host[:port]"))
  var allowSource: [String] = []

  @Option(help: ArgumentHelp("Only nodes with this label run the operator. Repeatable.", valueName: "key=value"))
  var nodeSelector: [String] = []

  @Option(
    help: ArgumentHelp(
      "Taint that the operator's pods tolerate: key=value:Effect, key:Effect, key=value, key, or all. Repeatable.",
      valueName: "taint"))
  var toleration: [String] = []

  @Option(help: ArgumentHelp("Priority class of the operator's pods.", valueName: "name"))
  var priorityClass: String?

  @Option(
    help: ArgumentHelp(
      "Secret of the namespace with which nodes pull Prepull's own image. Repeatable.", valueName: "name"))
  var pullSecret: [String] = []

  @Option(help: ArgumentHelp("Puller pods in the whole cluster at a time. (default: 500)", valueName: "n"))
  var maxPods: Int?

  @Option(
    help: ArgumentHelp(
      "How long pods of others that pull images keep puller pods off their node; 0s for never. (default: 60s)",
      valueName: "duration"))
  var yieldTimeout: String?

  @OptionGroup(title: "What quotas and policies ask of the puller pods of all Prepulls") var pods: PodOptions

  @Option(
    name: .customLong("plain-http"),
    help: ArgumentHelp("Registry that the operator may ask over plain HTTP. Repeatable.", valueName: "host"))
  var plainHTTP: [String] = []

  @Option(
    name: .customLong("ca-file"),
    help: ArgumentHelp(
      "Certificates that the operator trusts registries by too (PEM); they go into a ConfigMap. Repeatable.",
      valueName: "file"))
  var caFiles: [String] = []

  @Option(
    name: .customLong("ca-config-map"),
    help: ArgumentHelp(
      "ConfigMap of the namespace that has such certificates. (default key: ca.crt)", valueName: "name[/key]"))
  var caConfigMap: String?

  @Option(
    help: ArgumentHelp(
      "Proxy on the operator's way to registries; the API server is reached without it.", valueName: "url"))
  var proxy: String?

  @Option(
    name: .customLong("no-proxy"),
    help: ArgumentHelp("Hosts that are reached without the proxy. Repeatable, or with commas.", valueName: "hosts"))
  var noProxy: [String] = []

  @Option(help: ArgumentHelp("Environment of the operator. Repeatable.", valueName: "name=value"))
  var env: [String] = []

  @Flag(help: "Print a ServiceMonitor too, for the Prometheus operator.")
  var serviceMonitor = false

  @OptionGroup(title: "The page inside the cluster") var dashboard: DashboardInstallOptions

  @OptionGroup(title: "The agents of nodes") var agent: AgentInstallOptions

  @Option(
    help: ArgumentHelp(
      "With --agent, the kubeconfig of the cluster to ask. (default: KUBECONFIG, else ~/.kube/config)",
      valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("With --agent, the context of the kubeconfig.", valueName: "name"))
  var context: String?

  @Option(name: .shortAndLong, help: "Form of the output.")
  var output = ManifestOutput.yaml

  func validate() throws {
    for (option, name) in [("--namespace", namespace)] + pullSecret.map({ ("--pull-secret", $0) }) {
      if let problem = NamingRule.subdomain.problem(in: name) {
        throw ValidationError("\(option) '\(name)' \(problem)")
      }
    }
    if agent.isWanted, namespace == Installation.agentName {
      throw ValidationError("the namespace '\(namespace)' is the agents' own: choose another --namespace")
    }
    if createNamespace, Installation.isForeign(namespace) {
      throw ValidationError(
        "the namespace '\(namespace)' is Kubernetes' own: add --no-create-namespace to install there")
    }
    for key in gateTaint {
      if let problem = NamingRule.key.problem(in: key) { throw ValidationError("--gate-taint '\(key)' \(problem)") }
    }
    if !gate, !gateTaint.isEmpty {
      throw ValidationError("--gate-taint and --no-gate contradict each other: leave one of them out")
    }
    if replicas < 1 { throw ValidationError("--replicas \(replicas) is less than 1") }
    if let maxPods, maxPods < 1 { throw ValidationError("--max-pods \(maxPods) is less than 1") }
    if let yieldTimeout { _ = try ControllerCommand<PodCluster>.yieldSpan(yieldTimeout) }
    _ = try ControllerCommand<PodCluster>.sources(sources, "--allow-source")
    do { _ = try Reference(parsing: image) } catch { throw ValidationError("--image \(error)") }
    if let priorityClass, let problem = NamingRule.subdomain.problem(in: priorityClass) {
      throw ValidationError("--priority-class '\(priorityClass)' \(problem)")
    }
    try RegistryOptions.checkPlainHTTP(plainHTTP)
    try pods.check()
    if !caFiles.isEmpty, caConfigMap != nil {
      throw ValidationError("--ca-file and --ca-config-map contradict each other: leave one of them out")
    }
    if proxy == nil, !noProxy.isEmpty { throw ValidationError("--no-proxy has no meaning without --proxy") }
  }

  func run() async throws {
    if agent.isWanted {
      var cluster = try ClusterOptions.parse([])
      (cluster.kubeconfig, cluster.context) = (kubeconfig, context)
      let logger = Logger(label: "prepull") { _ in SwiftLogNoOpLogHandler() }
      if let reason = try await AgentRequirement.ask(cluster, logger: logger) {
        Console.standardError.write(
          "note: the cluster was not asked whether it is new enough (agents need Kubernetes 1.\(AgentRequirement.minor)): "
            + "\(reason)\n")
      }
    }
    try Console.standardOutput.writeAll(try output.text(of: try installation().objects))
  }

  /// What the options stand for.
  func installation() throws -> Installation {
    var installation = Installation(image: image)
    installation.namespace = namespace
    installation.createsNamespace = createNamespace
    installation.replicas = replicas
    installation.opensGates = gate
    if !gateTaint.isEmpty { installation.gateTaints = gateTaint }
    installation.secretGrants = try Self.grants(grantSecrets)
    installation.nodeSelector = try KeyValues.pairs(nodeSelector, of: "--node-selector").entries
    do {
      installation.tolerations = try toleration.map { try JSON(encoding: try Toleration(parsing: $0)) }
    } catch let error as ManifestError {
      throw ValidationError(error.description)
    }
    installation.priorityClass = priorityClass
    installation.pullSecrets = pullSecret
    installation.arguments = try arguments()
    installation.environment = try environment()
    installation.authorities = try authorities()
    installation.hasServiceMonitor = serviceMonitor
    installation.dashboard = dashboard.settings
    installation.agent = try agent.settings()
    return installation
  }

  /// What `--allow-source` names, each by itself.
  private var sources: [String] {
    allowSource.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }

  /// What the operator is started with.
  private func arguments() throws -> [String] {
    let template = try pods.template()
    func options(_ name: String, _ map: StringMap) -> [String] {
      map.entries.sorted { $0.key < $1.key }.map { "--puller-\(name)=\($0.key)=\($0.value)" }
    }
    return (maxPods.map { ["--max-pods=\($0)"] } ?? []) + (yieldTimeout.map { ["--yield-timeout=\($0)"] } ?? [])
      + plainHTTP.map { "--plain-http=\($0)" } + sources.map { "--allowed-source=\($0)" }
      + options("label", template.labels) + options("annotation", template.annotations)
      + options("request", template.requests) + options("limit", template.limits)
  }

  private func environment() throws -> [Installation.Variable] {
    var variables: [Installation.Variable] = []
    if let proxy {
      let direct = noProxy.flatMap { $0.split(separator: ",").map(String.init) }
      guard let found = Installation.Variable.proxy(proxy, except: direct) else {
        throw ValidationError("--proxy '\(proxy)' is no proxy: write http://host:port or socks5://host:port")
      }
      variables += found
    }
    for (name, value) in try KeyValues.pairs(env, of: "--env").entries.sorted(by: { $0.key < $1.key }) {
      let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
      guard isName, let first = name.first, !first.isNumber else {
        throw ValidationError("--env '\(name)' is no name of a variable")
      }
      if name == "POD_NAME" || name == "NODE_NAME" { throw ValidationError("--env \(name) is set by Prepull") }
      if variables.contains(where: { $0.name == name }) {
        throw ValidationError("--env \(name) and --proxy contradict each other: leave one of them out")
      }
      variables.append(Installation.Variable(name: name, value: value))
    }
    return variables
  }

  private func authorities() throws -> Installation.Authorities? {
    if let caConfigMap {
      let parts = caConfigMap.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if let problem = NamingRule.subdomain.problem(in: parts[0]) {
        throw ValidationError("--ca-config-map '\(caConfigMap)': the name \(problem)")
      }
      let key = parts.count > 1 ? parts[1] : Installation.authoritiesKey
      guard !key.isEmpty, key.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }) else {
        throw ValidationError(
          "--ca-config-map '\(caConfigMap)': the key may hold only letters, digits, '-', '_' and '.'")
      }
      return .configMap(name: parts[0], key: key)
    }
    guard !caFiles.isEmpty else { return nil }
    var text = ""
    for file in caFiles {
      let content: String
      do {
        content = try String(contentsOfFile: file, encoding: .utf8)
      } catch {
        throw ValidationError("cannot read \(file); check --ca-file")
      }
      guard content.contains("-----BEGIN CERTIFICATE-----") else {
        throw ValidationError("\(file) has no certificate in PEM form; check --ca-file")
      }
      text += content.hasSuffix("\n") ? content : content + "\n"
    }
    return .text(text)
  }

  /// Reads `namespace` and `namespace/secret`; a namespace that is named by itself is granted whole.
  private static func grants(_ texts: [String]) throws -> [Installation.SecretGrant] {
    var names: [String: [String]] = [:]
    var isWhole: Set<String> = []
    for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if let problem = NamingRule.label.problem(in: parts[0]) {
        throw ValidationError("--grant-secrets '\(text)': the namespace \(problem)")
      }
      if parts.count == 2, let problem = NamingRule.subdomain.problem(in: parts[1]) {
        throw ValidationError("--grant-secrets '\(text)': the secret's name \(problem)")
      }
      if parts.count == 1 { isWhole.insert(parts[0]) }
      names[parts[0], default: []] += parts.dropFirst().filter { names[parts[0]]?.contains($0) != true }
    }
    return names.map { namespace, names in
      Installation.SecretGrant(namespace: namespace, names: isWhole.contains(namespace) ? [] : names.sorted())
    }
    .sorted { $0.namespace < $1.namespace }
  }
}
