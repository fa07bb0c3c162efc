package import ArgumentParser
import ImageModel
package import Kubernetes
package import Logging
package import NodeAgent
import Registry
package import Runtimes
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Glibc

/// `prepull agent` and `prepulld agent`: the agent of a node.
package struct AgentCommand<Cluster: ClusterArguments>: ClusterCommand {
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "agent",
      abstract: "Run the agent of a node: pull, pin, repair and remove what its WarmNode asks for.",
      discussion: """
        It runs on each node, where '\(Program.nameForPeople) install --agent' puts it, and learns its node's name from \
        the variable NODE_NAME. It keeps to what the operator writes in the WarmNode of that name, and writes there what \
        the node holds.

        Example:
          \(Program.name) agent --node node-1 --runtime cri:///run/containerd/containerd.sock
        """)
  }

  @Option(help: ArgumentHelp("The name of this machine's Node. (default: $NODE_NAME)", valueName: "name"))
  var node: String?

  @Option(help: ArgumentHelp("cri:///path or docker:///path, instead of what is found.", valueName: "endpoint"))
  var runtime: String?

  @Option(
    help: ArgumentHelp(
      "auto downloads and unpacks by itself where the runtime is a containerd whose folders may be written; always takes "
        + "no other way; off leaves all to the runtime.", valueName: "when"))
  package var fast: FastPulls = .auto

  @Option(
    help: ArgumentHelp(
      "The most that fast pulls move a second, downloaded and unpacked bytes together: 100MiB, 1Gbit. It is less while "
        + "others pull, or wait for the processor or the disk. (default: no limit)", valueName: "bytes/s"))
  var maxBandwidth: ByteRate?

  @Option(help: ArgumentHelp("Images in work at the same time.", valueName: "n"))
  var parallelism = 3

  @Option(
    help: ArgumentHelp(
      "Where /metrics, /healthz and /readyz are served; 'none' for nowhere.", valueName: "host:port"))
  var metricsAddress = "0.0.0.0:8080"

  @Option(
    help: ArgumentHelp(
      "The kubelet's imageGCHighThresholdPercent: the agent stops 5 percent below. (default: as its configuration says)",
      valueName: "percent"))
  var imageGCThreshold: Int?

  @Option(
    help: ArgumentHelp(
      "How long an image stays that no Prepull wants any more, where 'removal: Unused' says that it goes. (default: 10m)",
      valueName: "time"),
    transform: TimeSpan.parse)
  var removalGrace = TimeSpan(AgentSettings.defaultGrace)

  @Option(
    help: ArgumentHelp(
      "A folder of this machine for what must outlive the agent: which images it pulled, and the lock that keeps a second "
        + "agent waiting. Without it nothing is removed that was pulled before a restart.", valueName: "dir"))
  var stateDir: String?

  @Option(
    help: ArgumentHelp(
      "The file that one agent of a machine holds while it acts. (default: agent.lock in --state-dir)",
      valueName: "file"))
  var lockFile: String?

  @Option(
    help: ArgumentHelp("Where the operator gives logins: https://host:port. (default: nowhere)", valueName: "url"))
  var tokenService: String?

  @Option(help: ArgumentHelp("The bound token that the operator is shown.", valueName: "file"))
  var tokenFile = "/var/run/secrets/prepull/token"

  @Option(help: ArgumentHelp("Where the machine's root folder is seen. (default: /)", valueName: "dir"))
  var hostRoot: String?

  @Option(
    help: ArgumentHelp("The kubelet's configuration. (default: as its command line says)", valueName: "file"))
  var kubeletConfig: String?

  @Option(
    help: ArgumentHelp(
      "The configuration of the kubelet's credential providers. (default: as its command line says)",
      valueName: "file"))
  var credentialProviderConfig: String?

  @Option(
    help: ArgumentHelp(
      "Where the programs of the credential providers are. (default: as the kubelet's command line says)",
      valueName: "dir"))
  var credentialProviderBinDir: String?

  @Option(
    name: .customLong("plain-http"),
    help: ArgumentHelp("Allow plain HTTP to this registry. Loopback is always allowed. Repeatable.", valueName: "host"))
  var plainHTTP: [String] = []

  @Option(
    name: .customLong("ca-file"),
    help: ArgumentHelp("Trust these certificates of registries too (PEM). Repeatable.", valueName: "file"))
  var caFiles: [String] = []

  @Option(help: ArgumentHelp("text, or json: an object a line.", valueName: "format"))
  var logFormat = LogFormat.text

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster, of registries and of the runtime.")
  package var verbose = false

  @OptionGroup(title: Cluster.title) package var clusterOptions: Cluster

  package init() {}

  package func validate() throws {
    if metricsAddress != "none" { try usage { try StatusServer.check(metricsAddress) } }
    guard (1...100).contains(parallelism) else {
      throw ValidationError("--parallelism takes 1 to 100, not \(parallelism)")
    }
    if let imageGCThreshold, !(10...100).contains(imageGCThreshold) {
      throw ValidationError("--image-gc-threshold takes 10 to 100 percent, not \(imageGCThreshold)")
    }
    if let rate = maxBandwidth, rate.bytes < PaceRule.least {
      throw ValidationError(
        "--max-bandwidth takes 4MiB or more: with less, connections would stand still until registries close them")
    }
    _ = try endpoint()
  }

  /// What `--runtime` names. A folder is no runtime of a kubelet.
  func endpoint() throws -> RuntimeEndpoint? {
    guard let runtime else { return nil }
    let endpoint = try usage { try RuntimeEndpoint(parsing: runtime) }
    guard endpoint.kind != .oci else {
      throw ValidationError("--runtime \(runtime) is a folder, where no kubelet looks; name cri:///path")
    }
    return endpoint
  }

  /// The node's name.
  func nodeName(_ environment: [String: String]) throws -> String {
    if let name = node ?? environment["NODE_NAME"], !name.isEmpty { return name }
    throw ValidationError("no node is named: give --node, or set NODE_NAME to the pod's spec.nodeName")
  }

  /// What is known of the kubelet beside this agent.
  private func kubelet() -> Kubelet {
    var options = Kubelet.Options()
    options.hostRoot = hostRoot
    options.configuration = kubeletConfig
    options.providerConfiguration = credentialProviderConfig
    options.providerFolder = credentialProviderBinDir
    return Kubelet(options, process: KubeletProcess.find())
  }

  /// What the command line says by itself, without a look at the machine.
  package var givenOptions: AgentOptions {
    var options = AgentOptions()
    if let imageGCThreshold { options.highThresholdPercent = imageGCThreshold }
    options.version = Version.current
    options.parallelism = parallelism
    options.maxBandwidth = maxBandwidth?.bytes
    options.pacer = fast == .off ? nil : PullPacer(bytesPerSecond: maxBandwidth?.bytes)
    options.metricsAddress = metricsAddress == "none" ? nil : metricsAddress
    options.grace = removalGrace.duration
    return options
  }

  /// How fast pulls are done, with those options.
  package func fastSettings(_ options: AgentOptions) -> FastSettings {
    var settings = FastSettings()
    if let pacer = options.pacer { settings.pacer = pacer }
    return settings
  }

  private func options(_ kubelet: Kubelet, _ logger: Logger) throws -> AgentOptions {
    var options = givenOptions
    if imageGCThreshold == nil {
      let (settings, problems) = KubeletSettings.read(of: kubelet)
      for problem in problems { logger.warning("\(problem)") }
      options.highThresholdPercent = settings.highThresholdPercent
    }
    if let stateDir {
      guard mkdir(stateDir, 0o700) == 0 || errno == EEXIST else {
        throw ValidationError(
          "cannot make \(stateDir): \(String(cString: strerror(errno)).lowercased()); check --state-dir")
      }
      options.memoryFile = stateDir + "/agent.json"
    }
    options.lockFile = lockFile ?? stateDir.map { $0 + "/agent.lock" }
    return options
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
    let kubelet = kubelet()
    let (node, options) = (try nodeName(environment), try options(kubelet, logger))
    let configuration = try RegistryConfiguration.given(environment, plainHTTP: plainHTTP, caFiles: caFiles)
    // A signal is how a server ends: no failure.
    _ = try await Interrupt.cancelling { () -> Void? in
      let metrics = AgentMetrics(version: Version.current)
      let registry = RegistryClient(configuration: configuration, credentials: NoCredentials(), logger: logger)
      try await registry.closed {
        let endpoint = try await find(environment)
        try await withRuntime(
          endpoint, registry: registry, fast: fast, fastSettings: fastSettings(options), logger: logger
        ) { runtime in
          try await clusterOptions.withClient(
            notice: { logger.warning("\($0)") }, onRequest: { metrics.count($0) }, logger: logger
          ) { client in
            let process = AgentProcess(
              client: client, node: node, runtime: runtime, registry: registry,
              credentials: credentials(kubelet, client, logger),
              options: options, metrics: metrics, logger: logger)
            try await process.run()
          }
        }
      }
    }
  }

  /// The node's own logins, then the operator's.
  private func credentials(
    _ kubelet: Kubelet, _ client: KubernetesClient, _ logger: Logger
  ) -> any ImageCredentials {
    var places: [any ImageCredentials] = [NodeCredentials(kubelet: kubelet, logger: logger)]
    if let place = operatorPlace(client) {
      places.append(OperatorCredentials(place, client: client, logger: logger))
    }
    return ChainedCredentials(places)
  }

  /// Where the operator gives logins; nil for nowhere.
  package func operatorPlace(_ client: KubernetesClient) -> OperatorCredentials.Place? {
    guard let tokenService else { return nil }
    // The certificates lie in the pod's own namespace.
    var place = OperatorCredentials.Place(url: tokenService, namespace: client.configuration.namespace)
    place.tokenFile = tokenFile
    return place
  }

  private func find(_ environment: [String: String]) async throws -> RuntimeEndpoint {
    if let endpoint = try endpoint() { return endpoint }
    let finding: RuntimeDiscovery.Finding
    do {
      finding = try await RuntimeDiscovery(environment: environment, isSuperuser: geteuid() == 0).find()
    } catch let error as RuntimeEndpointError {
      throw ValidationError(error.description)
    }
    guard finding.endpoint.kind != .oci else {
      throw ValidationError(
        "no container runtime was found; mount its socket at its usual path, or name it with --runtime")
    }
    return finding.endpoint
  }
}
