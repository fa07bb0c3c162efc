package import ArgumentParser
import Documents
package import Kubernetes

import Workloads

/// `prepull wait` and `prepulld wait`: ends when the nodes where pods would run hold their images.
package struct WaitCommand<Cluster: ClusterArguments, Manifests: WaitManifests>: ClusterCommand {
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "wait",
      abstract: "Wait until the nodes where pods of a workload would run hold its images.",
      usage: "\(Program.name) wait <kind/name> ... [<options>]",
      discussion: """
        It pulls nothing: a Prepull or 'run --keep' does. What nodes hold it knows from WarmNodes, and from the pods of \
        'run --keep'. Nodes that are cordoned or not ready are not waited for, nor those that the images have nothing \
        for. It exits with 0 when all others hold all images, with 1 when the time is over or waiting is of no use, and \
        says which nodes lack what.

        Examples:
          \(Program.name) wait deployment/web --image web=shop/web:2.0
          \(Program.name) wait prepull/shop -n shop --timeout 20m
        """)
  }

  @Argument(
    help: ArgumentHelp(
      "Workloads of the cluster (deployment/web, sts, ds, job, cronjob, rs, pod) and Prepulls (prepull/shop).",
      valueName: "kind/name"))
  var targets: [String] = []

  @OptionGroup var manifests: Manifests

  @Option(
    name: .customLong("image"),
    help: ArgumentHelp(
      "Another image for a container of these workloads, as kubectl set image has it. Repeatable.",
      valueName: "container=image"))
  var replacements: [String] = []

  @Option(
    name: [.customShort("l"), .long],
    help: ArgumentHelp("Only nodes with these labels, as kubectl -l takes them. Repeatable.", valueName: "labels"))
  var selector: [String] = []

  @Option(
    help: ArgumentHelp("How long to wait: 90s, 10m, 1h. (default: 10m)", valueName: "duration"),
    transform: TimeSpan.parse)
  var timeout = TimeSpan(.seconds(600))

  @Flag(name: .shortAndLong, help: "Print nothing unless it fails.")
  var quiet = false

  @Option(name: .shortAndLong, help: "text; json: an object at the end.")
  var output = ReportFormat.text

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  package var verbose = false

  @OptionGroup(title: Cluster.title) package var clusterOptions: Cluster

  package init() {}

  package func validate() throws {
    let hasFiles = Manifests.self != NoManifests.self
    let named = try targets.map { try WaitTarget(parsing: $0, hasFiles: hasFiles) }
    if named.isEmpty, manifests.areNone {
      throw ValidationError("nothing is named to wait for: write for example deployment/web or prepull/shop")
    }
    for text in replacements { _ = try ImageReplacement(parsing: text) }
    let areWorkloads = !manifests.areNone || named.contains { if case .workload = $0 { true } else { false } }
    if let first = replacements.first, !areWorkloads {
      throw ValidationError("--image \(first) replaces the image of a workload's container: name the workload too")
    }
    _ = try choice()
  }

  private func choice() throws -> NodeChoice {
    var choice = NodeChoice()
    choice.selector = try selector.flatMap { text in try usage { try NodeRequirement.all(parsing: text) } }
    return choice
  }

  package func run() async throws {
    // What can be wrong with the command line is found before anything is asked of anybody.
    let files = try manifests.workloads()
    let console = Console.standardError
    if !quiet { console.write(lines: console.wrapped(files.remarks.map { "note: \($0)" })) }
    let line = WaitLine(console, "asking the cluster")
    let notes = WaitNotes(console, isQuiet: quiet || console.isTerminal)
    let isWarm = try await interruptible {
      try await withClient { client in
        let ending = try await line.shownUnless(quiet) {
          try await wait(files, client) { text, isLast in
            line.say(text)
            notes.say(text, isLast: isLast)
          }
        }
        return try report(ending.verdict, ending.name, Console.standardOutput.writeAll) { console.write($0) }
      }
    }
    if !isWarm { throw ExitCode.failure }
  }

  /// The same in a program that is not this process: what it prints goes to `print`.
  ///
  /// - Returns: whether all nodes are warm.
  package func run(_ client: KubernetesClient, print: @escaping @Sendable (String) -> Void) async throws -> Bool {
    let ending = try await wait(try manifests.workloads(), client) { text, isLast in
      if !quiet, !isLast { print("\(text)\n") }
    }
    return try report(ending.verdict, ending.name, print, print)
  }

  private func wait(
    _ files: WorkloadSet, _ client: KubernetesClient, progress: (_ text: String, _ isLast: Bool) -> Void
  ) async throws -> (verdict: WaitVerdict?, name: String) {
    let start = ContinuousClock.now
    let namespace = client.configuration.namespace
    let board = try await board(files, client, namespace)
    let name = board.name
    let session = WaitSession(client: client, namespace: namespace)
    let verdict = try await session.run(board, until: start + timeout.duration) { verdict in
      progress(verdict.progress(of: name), verdict.isWarm || verdict.end != nil)
    }
    return (verdict, name)
  }

  /// Says how it ended.
  private func report(
    _ verdict: WaitVerdict?, _ name: String, _ print: (String) throws -> Void, _ complain: (String) -> Void
  ) throws -> Bool {
    if output == .json {
      let json = (verdict ?? WaitVerdict(end: "the cluster did not answer in time")).json(of: name)
      try print(json.text + "\n")
    }
    if let verdict, verdict.isWarm {
      if output == .text, !quiet { try print(verdict.success(of: name) + "\n") }
      return true
    }
    let reason =
      verdict.map { $0.end ?? "after \(timeout.duration.words) nodes still lack images of \(name): \($0.shortfall)" }
      ?? "the cluster did not answer within \(timeout.duration.words)"
    complain("Error: \(reason)\n")
    return false
  }

  /// What is waited for, as the cluster has it now.
  private func board(_ files: WorkloadSet, _ client: KubernetesClient, _ namespace: String) async throws -> WaitBoard {
    let reader = WorkloadReader(client: client)
    var templates = files.templates
    var prepulls: [String] = []
    for target in try targets.map({ try WaitTarget(parsing: $0) }) {
      switch target {
      case .prepull(let name): if !prepulls.contains(name) { prepulls.append(name) }
      case .workload(let name): templates.append(try await reader.template(of: name, in: namespace))
      }
    }
    for index in templates.indices {
      for remark in try await reader.placed(&templates[index]) where !quiet {
        Console.standardError.write("note: \(remark)\n")
      }
    }
    var all = WorkloadSet(templates)
    for text in replacements {
      let other = try ImageReplacement(parsing: text)
      try usage { try all.replace(other.container, with: other.image) }
    }
    let choice = try choice()
    let subjects = try all.templates.map { template in
      try WaitSubject(WorkloadSet([template]), name: template.source, narrowing: choice)
    }
    return WaitBoard(workloads: subjects, prepulls: prepulls, choice: choice)
  }
}
