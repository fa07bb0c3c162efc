import ArgumentParser
import Checking
import Commands
import Foundation
import ImageModel
import Kubernetes
import Logging
import Registry

/// `prepull check`: what can be known about images before anybody pulls them.
struct CheckCommand: ClusterCommand {
  enum Output: String, ExpressibleByArgument, CaseIterable { case table, json, yaml, junit, sarif }

  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Find out before a pull what will fail, how many bytes it is, and how long it will take.",
    discussion: """
      Asks the registries what the images are; with a cluster, also its nodes what they have and which platforms and \
      disks they are. Nothing is pulled and nothing is written. Without a kubeconfig, or with --no-cluster, it checks \
      the images alone. It exits with 1 when something will fail, with 0 otherwise; warnings do not count unless \
      --fail-on says so.

      Sizes with ~ are estimates. Bytes to fetch are an upper bound, as nodes do not report everything that they have. \
      -f takes a folder too, without those below it. The sources of Prepulls in it are asked from this machine.

      Examples:
        \(Program.name) check nginx:1.27 redis:7
        helm template shop | \(Program.name) check --no-cluster --platform linux/arm64 -f -
        \(Program.name) check --workload deployment/web --image web=shop/web:2.0 -l pool=web
        \(Program.name) check --prepull shop --node-bandwidth 1Gbit --plot time.svg
        \(Program.name) check -f deploy/ -o sarif > check.sarif
      """)

  @OptionGroup var imageArguments: ImageArguments
  @OptionGroup(title: "Workloads that will run") var workloadOptions: WorkloadOptions

  @Option(
    name: .customLong("prepull"),
    help: ArgumentHelp(
      "Take images, nodes and pull secrets from this Prepull of the cluster. Repeatable.", valueName: "name"))
  var prepulls: [String] = []

  @OptionGroup(title: "Nodes") var nodeOptions: NodeOptions

  @Flag(help: "Ask no cluster, also where there is a kubeconfig.")
  var noCluster = false

  @Option(
    help: ArgumentHelp(
      "A platform that every image must have, as linux/arm64. Repeatable. (default: those of the nodes)",
      valueName: "os/arch"))
  var platform: [String] = []

  @Option(help: ArgumentHelp("Secret that the pods will pull with. Repeatable.", valueName: "name"))
  var pullSecret: [String] = []

  @Flag(
    help: """
      Read the pull secrets and ask the registries with them alone, as kubelets do: finds a secret for the wrong \
      registry. Without it, only whether they exist is looked at.
      """)
  var readSecrets = false

  @Flag(help: "Ask for the unpacked size of each gzip layer, one more request a layer, instead of estimating it.")
  var exact = false

  @OptionGroup(title: "Time and disk") var estimateOptions: EstimateOptions

  @Option(
    help: ArgumentHelp(
      "What makes it exit with 1: error, warning (errors too), or never.", valueName: "level"))
  var failOn = FailureLevel.error

  @Option(
    help: ArgumentHelp(
      "Do not count findings of this kind, as -o json names it: notFound, latestTag. Repeatable.", valueName: "code"),
    transform: CheckCode.parse)
  var ignore: [CheckCode] = []

  @Option(name: .shortAndLong, help: "table for people; json or yaml: all that is known; junit or sarif: for CI.")
  var output = Output.table

  @Flag(name: .shortAndLong, help: "Print nothing but what counts as a failure, and what -o asks for.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster and the registries.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions
  @OptionGroup(title: "Registry options") var registryOptions: RegistryOptions

  mutating func validate() throws {
    prepulls = try prepulls.map { try PrepullName.name(in: $0) ?? $0 }
    for secret in pullSecret {
      if let problem = NamingRule.subdomain.problem(in: secret) {
        throw ValidationError("--pull-secret '\(secret)' \(problem)")
      }
    }
    for prepull in prepulls {
      if let problem = NamingRule.subdomain.problem(in: prepull) {
        throw ValidationError("--prepull '\(prepull)' \(problem)")
      }
    }
    if !prepulls.isEmpty, !workloadOptions.areNone {
      throw ValidationError("--prepull says itself which nodes are meant: leave out --workload and -f")
    }
    if imageArguments.files.contains("-"), workloadOptions.files.contains("-") {
      throw ValidationError("standard input cannot be read for both --from-file and -f")
    }
    if noCluster, let option = (clusterOnly + ofNodes).first(where: \.1)?.0 {
      throw ValidationError("\(option) needs a cluster: leave out \(option) or --no-cluster")
    }
    if estimateOptions.nodeCount != nil, !noCluster, needsCluster {
      throw ValidationError("--node-count is for checks without a cluster: leave it out, or add --no-cluster")
    }
  }

  /// Options that mean nothing without a cluster, and whether each is given.
  private var clusterOnly: [(String, Bool)] {
    [
      ("--workload", !workloadOptions.workloads.isEmpty), ("--prepull", !prepulls.isEmpty),
      ("--read-secrets", readSecrets), ("--selector", !nodeOptions.selector.isEmpty),
      ("--node", !nodeOptions.nodes.isEmpty), ("--pull-secret", !pullSecret.isEmpty),
    ] + clusterOptions.given
  }

  /// Options that say more of a cluster's nodes, where there is one.
  private var ofNodes: [(String, Bool)] {
    [
      ("--exclude-node", !nodeOptions.excludeNode.isEmpty), ("--toleration", !nodeOptions.toleration.isEmpty),
      ("--include-cordoned", nodeOptions.includeCordoned), ("--include-not-ready", nodeOptions.includeNotReady),
    ]
  }

  /// Whether it makes no sense without one.
  var needsCluster: Bool { clusterOnly.contains(where: \.1) }

  func run() async throws {
    if let plot = estimateOptions.plot { try PlotFile.check(plot) }
    // What can be wrong with the command line is found before anything is asked of anybody.
    let names = CheckCluster.Names(
      prepulls: prepulls, workloads: try workloadOptions.names(), isNeeded: needsCluster)
    let input = try CheckInput(
      imageArguments, workloadOptions, hasMore: !names.workloads.isEmpty || !names.prepulls.isEmpty)
    let console = Console.standardError
    if !quiet { console.write(lines: console.wrapped(input.remarks.map { "note: \($0)" })) }
    let choice = try nodeOptions.choice()
    let platforms = try platform.map { text in try usage { try Platform(parsing: text) } }
    try estimateOptions.check()
    if noCluster { try estimateOptions.requireNodes() }
    let (credentials, configuration) = try registryOptions.loaded(retries: 2)
    let logger = logger
    let session = CheckSession(
      choice: choice, platforms: platforms, pullSecrets: pullSecret, readsSecrets: readSecrets, isExact: exact,
      needsCluster: needsCluster, estimateOptions: estimateOptions, credentials: credentials, registry: configuration,
      logger: logger, isQuiet: quiet)
    let printer = CheckPrinter(
      output: output, failOn: failOn, ignored: ignore, thresholds: estimateOptions.thresholds,
      plot: estimateOptions.plot, isQuiet: quiet)
    let asker = SourceAsker(
      registry: configuration, credentials: credentials, logger: logger, isQuiet: quiet)
    let isGood = try await interruptible {
      guard let client = try client(logger) else {
        let input = try await asker.completed(input, nil, reader: nil)
        let (report, estimate) = try await session.judge(input, nil)
        return try printer.print(report, estimate)
      }
      return try await client.closed {
        let input = try await asker.completed(
          input, client, reader: readSecrets ? client : nil, pullSecrets: pullSecret)
        let cluster = try await CheckCluster(names, completing: input.workloads, client: client, logger: logger)
        if !quiet { console.write(lines: cluster.remarks.map { "note: \($0)" }) }
        let (report, estimate) = try await session.judge(try input.joined(with: cluster), client)
        return try printer.print(report, estimate)
      }
    }
    if !isGood { throw ExitCode.failure }
  }

  /// A client of the cluster that is meant; nil where there is none, and none is needed.
  private func client(_ logger: Logger) throws -> KubernetesClient? {
    guard !noCluster else { return nil }
    let configuration: ClusterConfiguration
    do {
      configuration = try clusterOptions.configuration()
    } catch {
      guard error.code == .none, !needsCluster else { throw error }
      try estimateOptions.requireNodes()
      if output == .table, !quiet, estimateOptions.nodeCount == nil {
        Console.standardError.write("note: there is no kubeconfig: the images are checked without a cluster\n")
      }
      return nil
    }
    if estimateOptions.nodeCount != nil {
      throw ValidationError("--node-count is for checks without a cluster: leave it out, or add --no-cluster")
    }
    return try KubernetesClient(
      configuration, notice: { Console.standardError.write("\($0)\n") }, logger: logger)
  }
}

/// From which level on findings make the command fail.
enum FailureLevel: String, ExpressibleByArgument, CaseIterable {
  case error, warning, never

  func counts(_ finding: CheckFinding) -> Bool {
    switch self {
    case .error: finding.level == .error
    case .warning: finding.level >= .warning
    case .never: false
    }
  }
}

extension CheckCode {
  /// For `@Option(transform:)`.
  static func parse(_ text: String) throws -> CheckCode {
    guard let code = CheckCode(rawValue: text) else {
      throw ValidationError("it is none of \(allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return code
  }
}

extension ClusterOptions {
  /// The options that name a cluster, so that one is wanted, and whether each is given.
  var given: [(String, Bool)] {
    [
      ("--kubeconfig", kubeconfig), ("--context", context), ("--cluster", cluster), ("--user", user),
      ("--server", server), ("--token", token),
    ].map { ($0, $1 != nil) }
  }
}
