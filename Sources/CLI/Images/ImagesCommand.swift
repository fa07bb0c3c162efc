import ArgumentParser
import Commands
import Documents
import Foundation
import ImageModel
import ImageSources
import Kubernetes
import Logging
import PrepullAPI
import Terminal
import Usage
import Workloads

/// `prepull images`: what a cluster uses, and what it costs.
struct ImagesCommand: ClusterCommand {
  enum Output: String, ExpressibleByArgument, CaseIterable { case table, json, yaml, prepull }

  static let configuration = CommandConfiguration(
    commandName: "images",
    abstract: "Rank the images of a cluster by how long pods wait for them, or list those of manifests.",
    discussion: """
      Looks at the whole cluster unless --namespace is given, and changes nothing. The order is that of the expected \
      cold wait per hour:

        STARTS/H   containers that start with the image, x
        COLD       the chance that their node, a new one too, does not have it, x
        PULL       how long a pull takes (~ where it is guessed from the size)
        = WAIT/H   how long pods wait for it in an hour, all together

      NODES are those that are known to hold it; PODS are those that use it, with ! where it cannot be pulled; WAITED \
      (on wide screens) is how often they waited, and how long each time. That and the pull times come from the \
      kubelets' events, which live for about an hour: --watch collects for longer, into a file that it goes on with \
      when it is started again. -f needs no cluster.

      With --prometheus, --loki or --tags it shows what such a source of a Prepull gives, asked from this machine; with \
      -o prepull it prints the Prepull that has the source.

      Examples:
        \(Program.name) images --top 10
        \(Program.name) images --top 10 -o prepull | kubectl apply -f -
        \(Program.name) images --watch --history web.json
        \(Program.name) images --history web.json --since 7d
        helm template ./chart | \(Program.name) images -f -
        \(Program.name) images --tags example.com/team/app --semver '>=1.4 <2'
      """)

  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: ArgumentHelp(
      """
      List the images of manifests instead: of a file, of a folder's .yaml, .yml and .json files (not those of its \
      subfolders), or of '-', standard input. Any kind in which pods' containers sit, of charts what helm template \
      prints. Repeatable.
      """, valueName: "file"))
  var files: [String] = []

  @Option(
    name: [.customShort("l"), .long],
    help: ArgumentHelp("Only pods and workloads with these labels, as kubectl -l takes them.", valueName: "labels"))
  var selector: String?

  @Option(
    help: ArgumentHelp(
      "The time that counts: 30m, 12h, 7d. (default: 1h; with --history all of it)", valueName: "duration"),
    transform: TimeSpan.parse)
  var since: TimeSpan?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Only so many images.", valueName: "n"),
    transform: WholeNumber.from(1, to: 1_000_000))
  var top: Int?

  @Flag(
    name: [.customShort("w"), .long],
    help: """
      Collect what kubelets tell into the history until Ctrl-C. Takes no --since, --top, -o and --plot: they are for \
      the ranking.
      """)
  var watch = false

  @Option(
    help: ArgumentHelp(
      "Also what --watch has collected in this file. (default with --watch: \(UsageFile.defaultPath))",
      valueName: "file"))
  var history: String?

  @Option(name: .shortAndLong, help: "table, json or yaml; prepull: a Prepull of these images, for kubectl apply.")
  var output = Output.table

  @Option(help: ArgumentHelp("Name of the Prepull of -o prepull. (default: top-images)", valueName: "name"))
  var name: String?

  @Option(help: ArgumentHelp("Also draw the ranking into this file.", valueName: "file.svg"))
  var plot: String?

  @Flag(name: [.customShort("A"), .long], help: "Look at all namespaces, as it does without --namespace.")
  var allNamespaces = false

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "What servers of metrics and registries know") var sourceOptions: SourceOptions
  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions
  @OptionGroup(title: "Registry options, for --tags") var registryOptions: RegistryOptions

  func validate() throws {
    if let name, let problem = NamingRule.subdomain.problem(in: name) {
      throw ValidationError("--name '\(name)' \(problem)")
    }
    if let selector { _ = try usage { try NodeRequirement.all(parsing: selector) } }
    let contradictions: [(String, Bool)] = [
      ("--watch and -f", watch && !files.isEmpty), ("--history and -f", history != nil && !files.isEmpty),
      ("--selector and -f", selector != nil && !files.isEmpty), ("--since and -f", since != nil && !files.isEmpty),
      ("--plot and -f", plot != nil && !files.isEmpty), ("--plot and --watch", plot != nil && watch),
      ("--top and --watch", top != nil && watch), ("--since and --watch", since != nil && watch),
      ("--output and --watch", output != .table && watch), ("--all-namespaces and -f", allNamespaces && !files.isEmpty),
      ("--all-namespaces and --namespace", allNamespaces && clusterOptions.namespace != nil),
    ]
    if let (both, _) = contradictions.first(where: \.1) {
      throw ValidationError("\(both) contradict each other: leave one of them out")
    }
    let others: [(String, Bool)] = [
      ("-f", !files.isEmpty), ("--watch", watch), ("--history", history != nil), ("--selector", selector != nil),
      ("--since", since != nil), ("--plot", plot != nil), ("--all-namespaces", allNamespaces),
    ]
    try sourceOptions.check(top: top, others: others.filter(\.1).map(\.0))
    if output != .prepull, name != nil || (!files.isEmpty && clusterOptions.namespace != nil) {
      throw ValidationError(
        "\(name != nil ? "--name" : "--namespace, with -f,") is for -o prepull: add that, or leave it out")
    }
    if let plot { try PlotFile.check(plot) }
  }

  func run() async throws {
    if !files.isEmpty { return try printManifests() }
    if let source = try sourceOptions.source(top: top) { return try await printSource(source) }
    let scope = UsageReader.Scope(namespace: clusterOptions.namespace, labels: selector)
    guard watch else {
      let ranking = ImagesSession.Ranking(
        since: since?.duration, top: top, output: output, prepull: prepull, plot: plot)
      return try await interruptible {
        try await withClient { client in
          try await ImagesSession(scope: scope, history: history, client: client).report(ranking)
        }
      }
    }
    // A signal is how collecting ends.
    let (isWhole, interrupt) = try await Interrupt.cancelling { () -> Bool? in
      try await withClient { client in
        try await ImagesSession(scope: scope, history: history, client: client).collect()
      }
      return true
    }
    if let interrupt, isWhole == nil { throw ExitCode(interrupt.exitCode) }
  }

  private var prepull: TopImagesPrepull { TopImagesPrepull(name: name, namespace: clusterOptions.namespace) }

  private func printSource(_ source: (written: Prepull.Source, meaning: PrepullSettings.Source)) async throws {
    let (credentials, configuration) = try registryOptions.loaded(retries: 2)
    let asker = SourceAsker(registry: configuration, credentials: credentials, logger: logger, voice: .commandLine)
    let credential = try sourceOptions.credential()
    let client = try sourceClient()
    let finding = try await interruptible {
      do {
        let finding = try await asker.finding(of: source.meaning.source, credential, client)
        await client?.shutdown()
        return finding
      } catch {
        await client?.shutdown()
        throw error
      }
    }
    let report = SourceReport(source: source.meaning.source, finding: finding)
    let out = Console.standardOutput
    switch output {
    case .table: try out.writeAll(report.lines(style: out.style, columns: out.columns).map { $0 + "\n" }.joined())
    case .json: try out.writeAll(report.json.text + "\n")
    case .yaml: try out.writeAll(try ManifestOutput.yaml(of: report.json))
    case .prepull: try prepull.print(source.written, finding.images.map(\.reference))
    }
    let console = Console.standardError
    guard finding.images.isEmpty else {
      return console.write(lines: console.wrapped(finding.remarks.map { "note: \(VisibleText.sanitised($0))" }))
    }
    let remedy =
      sourceOptions.tags == nil
      ? "Correct --query, so that its series have a label with an image or name pods."
      : "Correct --semver or --regex."
    let cause = finding.remarks.isEmpty ? "" : ": \(VisibleText.sanitised(finding.remarks.joined(separator: "; ")))"
    let line = "Error: \(source.meaning.source.place) gives no image\(cause). \(remedy)"
    console.write(lines: console.wrapped([line]))
    throw ExitCode.failure
  }

  /// Only pods that series name in place of images are asked for; without a cluster they are left out.
  private func sourceClient() throws -> KubernetesClient? {
    guard sourceOptions.tags == nil else { return nil }
    let configuration: ClusterConfiguration
    do {
      configuration = try clusterOptions.configuration()
    } catch {
      guard error.code == .none else { throw error }
      return nil
    }
    return try KubernetesClient(configuration, notice: { Console.standardError.write("\($0)\n") }, logger: logger)
  }

  private func printManifests() throws {
    let found = try ManifestFiles.images(in: files)
    let report = ManifestImagesReport(found, top: top)
    let console = Console.standardError
    let remarks = (found.remarks + report.problems.map(\.description)).map { "note: \(VisibleText.sanitised($0))" }
    switch output {
    case .table:
      let out = Console.standardOutput
      let lines = report.lines(style: out.style, columns: out.columns)
      try out.writeAll(lines.map { $0 + "\n" }.joined())
    case .json: try Console.standardOutput.writeAll(report.json.text + "\n")
    case .yaml: try Console.standardOutput.writeAll(try ManifestOutput.yaml(of: report.json))
    case .prepull:
      if report.rows.isEmpty { break }
      try prepull.print(report.rows.map { ($0.reference, "\($0.places[0].source) (\($0.places[0].container))") })
    }
    console.write(lines: console.wrapped(remarks))
    if report.rows.isEmpty {
      let place = files == ["-"] ? "standard input" : files.joined(separator: ", ")
      let reason = report.problems.isEmpty ? "none of its objects makes pods" : "what is there is none (see above)"
      console.write("Error: there is no image in \(place): \(reason)\n")
      throw ExitCode.failure
    }
  }
}
