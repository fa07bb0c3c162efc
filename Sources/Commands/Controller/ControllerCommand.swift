import Serving
package import ArgumentParser
package import ImageSources
package import Kubernetes
package import Logging
package import Operator
import PrepullAPI
package import Registry
import Warming

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `prepull controller` and `prepulld controller`: the operator.
///
/// The programs differ in what they know of clusters: one reads kubeconfigs as kubectl does, the other runs in pods.
package struct ControllerCommand<Cluster: ClusterArguments>: ClusterCommand {
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "controller",
      abstract: "Run the operator: keep nodes warm as Prepull objects ask for.",
      discussion: """
        It runs in a cluster, where '\(Program.nameForPeople) install' puts it; outside of one it uses the kubeconfig. \
        Several may run: one of them leads, and another takes over when it ends. All must share the Lease of one \
        namespace: that of the pod, outside of the cluster prepull-system unless --namespace says otherwise.

        Examples:
          \(Program.name) controller
          \(Program.name) controller --no-leader-elect --metrics-address 127.0.0.1:8080
        """)
  }

  @Flag(
    inversion: .prefixedNo, help: "Lead only while holding the Lease of the namespace; another controller may run too.")
  var leaderElect = true

  @Option(
    help: ArgumentHelp(
      "Where /metrics, /healthz and /readyz are served; 'none' for nowhere.", valueName: "host:port"))
  var metricsAddress = "0.0.0.0:8080"

  @Option(
    help: ArgumentHelp(
      "Where the agents of nodes are, to which credentials of pull secrets are given; to nobody when empty.",
      valueName: "namespace"))
  var agentNamespace = ""

  @Option(help: ArgumentHelp("Where agents ask for credentials, over HTTPS.", valueName: "host:port"))
  var tokenAddress = "0.0.0.0:8443"

  @Option(
    name: .customLong("allowed-source"),
    help: ArgumentHelp(
      "Server that sources of Prepulls may ask (Prometheus, Loki); none unless given. Repeatable.",
      valueName: "host[:port]"))
  var allowedSources: [String] = []

  @Option(help: ArgumentHelp("Puller pods in the whole cluster at a time.", valueName: "n"))
  var maxPods = 500

  @Option(
    help: ArgumentHelp(
      "How long pods of others that pull images keep puller pods off their node, after they came there; 0s for never.",
      valueName: "duration"))
  var yieldTimeout = "60s"

  @Option(
    name: .customLong("plain-http"),
    help: ArgumentHelp("Allow plain HTTP to this registry. Loopback is always allowed. Repeatable.", valueName: "host"))
  var plainHTTP: [String] = []

  @Option(
    name: .customLong("ca-file"),
    help: ArgumentHelp("Trust these certificates of registries too (PEM). Repeatable.", valueName: "file"))
  var caFiles: [String] = []

  @Option(
    help: ArgumentHelp(
      "Label of puller pods, where a Prepull's podTemplate has no other. Repeatable.", valueName: "key=value"))
  var pullerLabel: [String] = []

  @Option(help: ArgumentHelp("Annotation of puller pods, in the same way. Repeatable.", valueName: "key=value"))
  var pullerAnnotation: [String] = []

  @Option(
    help: ArgumentHelp(
      "What each container of puller pods requests, in the same way. Repeatable.", valueName: "resource=quantity"))
  var pullerRequest: [String] = []

  @Option(
    help: ArgumentHelp(
      "What each container of puller pods may use, in the same way. Repeatable.", valueName: "resource=quantity"))
  var pullerLimit: [String] = []

  @Option(help: ArgumentHelp("text, or json: an object a line.", valueName: "format"))
  var logFormat = LogFormat.text

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster and of registries.")
  package var verbose = false

  @OptionGroup(title: Cluster.title) package var clusterOptions: Cluster

  package init() {}

  package func validate() throws {
    if metricsAddress != "none" { try usage { try StatusServer.check(metricsAddress) } }
    try usage { try StatusServer.check(tokenAddress) }
    if !agentNamespace.isEmpty, let problem = NamingRule.label.problem(in: agentNamespace) {
      throw ValidationError("the namespace '\(agentNamespace)' \(problem)")
    }
    _ = try Self.sources(allowedSources, "--allowed-source")
    if maxPods < 1 { throw ValidationError("--max-pods \(maxPods) is less than 1") }
    _ = try Self.yieldSpan(yieldTimeout)
    if let problem = try pullerTemplate().problem {
      throw ValidationError("--puller-\(problem.option): \(problem.text)")
    }
  }

  /// Reads `--yield-timeout`.
  package static func yieldSpan(_ text: String) throws -> Duration {
    guard let span = Duration(go: text), span <= .seconds(3600) else {
      throw ValidationError("--yield-timeout '\(text)' is no duration up to 1h: write for example 60s, or 0s")
    }
    return span
  }

  /// Reads `--allowed-source`, and `--allow-source` of `prepull install`.
  package static func sources(_ texts: [String], _ option: String) throws -> AllowedSources {
    do {
      return try AllowedSources(parsing: texts)
    } catch {
      throw ValidationError("\(option) \(error)")
    }
  }

  /// What puller pods have besides what their Prepulls say.
  func pullerTemplate() throws -> PodTemplateOptions {
    PodTemplateOptions(
      labels: try KeyValues.pairs(pullerLabel, of: "--puller-label"),
      annotations: try KeyValues.pairs(pullerAnnotation, of: "--puller-annotation"),
      requests: try KeyValues.pairs(pullerRequest, of: "--puller-request"),
      limits: try KeyValues.pairs(pullerLimit, of: "--puller-limit"))
  }

  /// How registries are reached.
  package func registry(_ environment: [String: String]) throws -> RegistryConfiguration {
    try RegistryConfiguration.given(environment, plainHTTP: plainHTTP, caFiles: caFiles)
  }

  /// Logs state changes, for a program or a person to follow.
  ///
  /// - Parameter write: gets each line with its end.
  package func logger(_ write: @escaping @Sendable (String) -> Void) -> Logger {
    Logs.logger(isVerbose: verbose, format: logFormat, write: write)
  }

  package func run() async throws {
    IdleMemory.keepLittle()
    let logger = logger { Console.standardError.write($0) }
    let environment = ProcessInfo.processInfo.environment
    let registry = try registry(environment)
    // A signal is how a server ends: no failure.
    _ = try await Interrupt.cancelling { () -> Void? in
      let metrics = ControllerMetrics(version: Version.current)
      try await clusterOptions.withClient(
        notice: { logger.warning("\($0)") }, onRequest: { metrics.count($0) }, logger: logger
      ) { client in
        let process = ControllerProcess(
          client: client, registry: registry, options: try options(client, environment), metrics: metrics,
          logger: logger)
        try await process.run()
      }
    }
  }

  package func options(_ client: KubernetesClient, _ environment: [String: String]) throws -> ControllerOptions {
    var options = ControllerOptions()
    // In a pod, the namespace is its own. A kubeconfig's has nothing to do with where other controllers are.
    let isPod = environment["KUBERNETES_SERVICE_HOST"] != nil || environment["POD_NAME"] != nil
    if isPod || clusterOptions.namespace != nil { options.namespace = client.configuration.namespace }
    // A container that is started again in its pod goes on as who it was.
    if let pod = environment["POD_NAME"], !pod.isEmpty { options.identity = pod }
    options.isElected = leaderElect
    options.limits.maxPods = maxPods
    options.yieldTimeout = try Self.yieldSpan(yieldTimeout)
    options.podTemplate = try pullerTemplate()
    options.metricsAddress = metricsAddress == "none" ? nil : metricsAddress
    options.allowedSources = try Self.sources(allowedSources, "--allowed-source")
    options.agentNamespace = agentNamespace.isEmpty ? nil : agentNamespace
    options.tokenAddress = tokenAddress
    return options
  }
}

extension PodTemplateOptions.Problem {
  /// The end of the options' names.
  var option: String {
    switch part {
    case .labels: "label"
    case .annotations: "annotation"
    case .requests: "request"
    case .limits: "limit"
    }
  }
}
