import ArgumentParser
import Commands
import Dispatch
import Foundation
import ImageModel
import Kubernetes
import Logging
import Registry
import Synchronization
import Terminal
import Warming

/// How the pods of a run reach their nodes, as people call it.
enum PodPlacement: String, ExpressibleByArgument, CaseIterable { case scheduler, direct }

extension Parallelism {
  /// For `@Option(transform:)`.
  static func nodesAtATime(_ text: String) throws -> Parallelism { try Parallelism(parsing: text) }
  static func failures(_ text: String) throws -> Parallelism { try Parallelism(parsing: text, least: 0) }
}

/// `prepull run`: warms the nodes of a cluster once.
struct RunCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Pull images onto the nodes of a cluster, wait, and clean up.",
    discussion: """
      Nothing needs to be installed in the cluster. Each node's own kubelet pulls, for a pod that names the images; \
      the pods are deleted when it is done, also after a failure or Ctrl-C. It exits with 0 only when every node that \
      was wanted holds every image at the digest that its reference resolves to.

      Examples:
        \(Program.name) run nginx:1.27 redis:7
        \(Program.name) run --from-file images.txt -l pool=gpu --parallelism 10%
        \(Program.name) run --workload deployment/web --image web=nginx:1.28
        \(Program.name) run nginx:1.27 --keep --name web-images
      """)

  @OptionGroup var imageArguments: ImageArguments
  @OptionGroup(title: "Workloads to warm for") var workloadOptions: WorkloadOptions
  @OptionGroup(title: "Nodes") var nodeOptions: NodeOptions

  @Option(
    help: ArgumentHelp("Nodes at a time, a number or a percentage. (default: 20)", valueName: "nodes"),
    transform: Parallelism.nodesAtATime)
  var parallelism: Parallelism?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Nodes of each platform that pull an image first; then twice as many, up to --parallelism. (default: none)",
      valueName: "nodes"), transform: WholeNumber.from(1, to: 100_000))
  var seeds: Int?

  @Option(
    help: ArgumentHelp(
      "The longest time for all: 90s, 10m, 1h. (default: none; 30m with --keep)", valueName: "duration"),
    transform: TimeSpan.parse)
  var timeout: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Begin no further node after this time: 06:00 on this machine's clock, or 2026-12-01T06:00:00Z. (default: never)",
      valueName: "time"), transform: PointInTime.parse)
  var notAfter: PointInTime?

  @Option(
    help: ArgumentHelp("The longest time for one node. (default: 15m; 2h on Windows)", valueName: "duration"),
    transform: TimeSpan.parse)
  var nodeTimeout: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Begin no further node when more than this many failed: a number, or a percentage, which allows one at least. "
        + "(default: all may)",
      valueName: "nodes"), transform: Parallelism.failures)
  var maxFailures: Parallelism?

  @Option(
    help: ArgumentHelp("IfNotPresent takes an image that is there; Always asks the registry.", valueName: "policy"))
  var policy = PullPolicy.ifNotPresent

  @Option(
    help: ArgumentHelp("Secret with registry credentials, of the same namespace. Repeatable.", valueName: "name"))
  var pullSecret: [String] = []

  @Option(
    help: ArgumentHelp(
      "How pods reach their node: through the scheduler, whose rules hold, or direct, past it.", valueName: "way"))
  var placement = PodPlacement.scheduler

  @Option(help: ArgumentHelp("Priority class of the pods.", valueName: "name"))
  var priorityClass: String?

  @Option(help: "Name of what is made in the cluster. (default: prepull- and the first image's name)")
  var name: String?

  @OptionGroup(title: "Pods") var podOptions: PodOptions

  @Flag(help: "Stay: a DaemonSet that keeps the images on all nodes, new ones too, until it is deleted.")
  var keep = false

  @Flag(help: "Show the run as a page in the browser too, until it ends.")
  var dashboard = false

  @OptionGroup(title: "With --dashboard") var pageOptions: PageOptions

  @Flag(help: "Check everything that can be checked, print the plan, and change nothing.")
  var dryRun = false

  @Option(name: .shortAndLong, help: "text, or json: an event a line, the result last.")
  var output = ReportFormat.text

  @Flag(name: .shortAndLong, help: "Print nothing but errors.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster and the registries.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions
  @OptionGroup(title: "Registry options") var registryOptions: RegistryOptions

  func validate() throws {
    for secret in pullSecret { try Self.check(secret, .subdomain, "--pull-secret") }
    if let priorityClass { try Self.check(priorityClass, .subdomain, "--priority-class") }
    if let name { try Self.check(name, .label, "--name") }
    if imageArguments.files.contains("-"), workloadOptions.files.contains("-") {
      throw ValidationError("standard input cannot be read for both --from-file and -f")
    }
    try podOptions.check()
    if !dashboard { try pageOptions.requireNone() }
    if dashboard, dryRun {
      throw ValidationError("--dashboard shows what --dry-run does not do: leave one of them out")
    }
    if keep { try validateKeep() }
  }

  /// A DaemonSet's controller has no such limits, and chooses its nodes by their labels.
  private func validateKeep() throws {
    let useless: [(String, Bool)] = [
      ("--max-failures", maxFailures != nil), ("--seeds", seeds != nil), ("--node-timeout", nodeTimeout != nil),
      ("--not-after", notAfter != nil),
      ("--placement direct", placement == .direct), ("--include-cordoned", nodeOptions.includeCordoned),
      ("--include-not-ready", nodeOptions.includeNotReady),
    ]
    if let (option, _) = useless.first(where: \.1) {
      throw ValidationError("\(option) means nothing with --keep: leave one of them out")
    }
  }

  private static func check(_ text: String, _ rule: NamingRule, _ option: String) throws {
    if let problem = rule.problem(in: text) { throw ValidationError("\(option) '\(text)' \(problem)") }
  }

  func run() async throws {
    // What can be wrong with the command line is found before anything is asked of anybody.
    let ofFiles = try workloadOptions.ofFiles()
    let given = try imageArguments.given()
    if workloadOptions.areNone { _ = try imageArguments.wanted(given) }
    let choice = try nodeOptions.choice()
    let (credentials, registryConfiguration) = try registryOptions.loaded(retries: 2)
    let console = Console.standardError
    let logger = logger
    let hint = CleanupHint()
    let isGood = try await interruptible(onSecond: { hint.tell(console) }) {
      try await withClient { client in
        let registry = RegistryClient(
          configuration: registryConfiguration, credentials: credentials, logger: logger)
        return try await registry.closed {
          let page =
            dashboard
            ? DashboardPage(client, namespace: nil, pageOptions, start: "view=runs", logger: logger) : nil
          let session = RunSession(
            output: output, isQuiet: quiet, isDryRun: dryRun, keeps: keep, client: client, registry: registry,
            logger: logger, hint: hint, page: page)
          let warm = { @Sendable in try await session.run { try await wanted(given, ofFiles, choice, client) } }
          guard let page else { return try await warm() }
          return try await page.serving("the run", waiting: .seconds(5)) { try await warm() }
        }
      }
    }
    if !isGood { throw ExitCode.failure }
  }
}

/// What to say to somebody who does not wait for the cleaning up.
final class CleanupHint: Sendable {
  private let namespace = Mutex<String?>(nil)

  /// From now on there are objects in this namespace.
  func arm(_ name: String) { namespace.withLock { $0 = name } }
  func disarm() { namespace.withLock { $0 = nil } }

  func tell(_ console: Console) {
    guard let name = namespace.withLock({ $0 }) else { return }
    // A terminal that is stopped must not keep the program from ending.
    let isWritten = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      console.write(
        """

        stopped without cleaning up: what this run made is still in the namespace \(name)
        remove it with: \(Program.name) delete --leftovers --force -n \(name)

        """)
      isWritten.signal()
    }
    _ = isWritten.wait(timeout: .now() + .seconds(1))
  }
}
