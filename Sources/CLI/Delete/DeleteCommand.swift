import ArgumentParser
import Commands
import Kubernetes
import Logging
import PrepullAPI
import Warming

/// `prepull delete`: removes what `run --keep` made, a Prepull, a run, or what runs left behind.
struct DeleteCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Remove what keeps images (run --keep, a Prepull), a run, or what killed runs left.",
    discussion: """
      Every run cleans up after itself, and the next one in the same namespace removes what a killed one left; \
      --leftovers does it now. What a run that is still alive needs is never touched, unless --force says so. The \
      images stay on the nodes until a kubelet needs their room. The operator itself goes with \(Program.name) uninstall.

      Examples:
        \(Program.name) delete prepull-nginx
        \(Program.name) delete --leftovers --all-namespaces --dry-run
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable { case kept, prepull, run }

  @Argument(
    help: ArgumentHelp("The name, as \(Program.name) status shows it.", valueName: "name"), completion: .names(.kept))
  var name: String?

  @Option(help: "kept, prepull or run, where more than one has the name.")
  var kind: Kind?

  @Flag(help: "What runs left that were killed before they could clean up, in place of a name.")
  var leftovers = false

  @Flag(name: [.customShort("A"), .long], help: "With --leftovers: in all namespaces.")
  var allNamespaces = false

  @Flag(help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @Flag(help: "Also what a run that seems to be alive needs; it will fail.")
  var force = false

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  mutating func validate() throws {
    if let given = name, let prepull = try PrepullName.name(in: given) {
      guard kind == nil || kind == .prepull else {
        throw ValidationError("\(given) is a Prepull: leave out --kind \(kind?.rawValue ?? "")")
      }
      (name, kind) = (prepull, .prepull)
    }
    if let name, let problem = NamingRule.subdomain.problem(in: name) {
      throw ValidationError("the name '\(name)' \(problem)")
    }
    if leftovers {
      if name != nil || kind != nil {
        throw ValidationError("--leftovers takes whatever killed runs left: leave out the name and --kind")
      }
    } else {
      guard name != nil else { throw ValidationError("give a name, or --leftovers") }
      if allNamespaces { throw ValidationError("--all-namespaces goes with --leftovers only") }
    }
    if allNamespaces, clusterOptions.namespace != nil {
      throw ValidationError("--namespace and --all-namespaces contradict each other: leave one of them out")
    }
  }

  func run() async throws {
    let isDone = try await interruptible {
      try await withClient { client in
        let cleaner = Leftovers(client: client, logger: logger)
        guard let name else {
          return try await deleteLeftovers(cleaner, in: allNamespaces ? nil : client.configuration.namespace)
        }
        return try await delete(name, client, cleaner)
      }
    } atEnd: { isDone in
      if isDone == nil, let name {
        say(
          "stopped before it was done: some of '\(name)' may still be there",
          "See what is: \(Program.name) status; \(Program.name) delete goes on where it stopped.")
      }
    }
    if !isDone { throw ExitCode.failure }
  }

  /// - Returns: whether nothing of this name is left that should go, and there was something.
  private func delete(_ name: String, _ client: KubernetesClient, _ leftovers: Leftovers) async throws -> Bool {
    let namespace = client.configuration.namespace
    let kept = KeptDaemonSet(client: client)
    var kinds: [Kind] = []
    if [nil, .kept].contains(kind), try await kept.exists(name: name, namespace: namespace) { kinds.append(.kept) }
    if [nil, .prepull].contains(kind), try await hasPrepull(name, client) { kinds.append(.prepull) }
    guard kinds.count < 2 else {
      say(
        "Error: DaemonSets of run --keep and a Prepull have the name '\(name)' in the namespace \(namespace)",
        "Say which with --kind kept or --kind prepull.")
      return false
    }
    guard let found = kinds.first else {
      // A DaemonSet that is gone may have left its ConfigMap, when an earlier delete was stopped.
      let rest =
        kind == .prepull || kind == .run || dryRun ? [] : try await kept.delete(name: name, namespace: namespace)
      if !rest.isEmpty { return try list(rest) }
      if [nil, .run].contains(kind) {
        let runs = try await leftovers.find(in: namespace).filter { [$0.instance, $0.name].contains(name) }
        if !runs.isEmpty { return try await delete(runs, of: leftovers) }
      }
      say(
        "Error: nothing of the name '\(name)' is kept in the namespace \(namespace), and no Prepull and no run has it",
        "See what is: \(Program.name) status --all-namespaces")
      return false
    }
    if dryRun {
      try Console.standardOutput.writeAll("would remove \(found.rawValue)/\(name)\n")
      return true
    }
    guard found == .prepull else { return try list(try await kept.delete(name: name, namespace: namespace)) }
    try await client.delete(Prepull.self, name, in: namespace)
    return try list(["prepull/\(name)"])
  }

  private func list(_ deleted: [String]) throws -> Bool {
    try Console.standardOutput.writeAll(deleted.map { "\($0) deleted\n" }.joined())
    return true
  }

  /// False also where the operator is not installed, or may not be asked about.
  private func hasPrepull(_ name: String, _ client: KubernetesClient) async throws -> Bool {
    do {
      let prepull = try await client.get(Prepull.self, name, in: client.configuration.namespace)
      return prepull.metadata.deletionTimestamp == nil
    } catch let error as APIError where [.notFound, .forbidden].contains(error.code) {
      return false
    }
  }

  private func say(_ problem: String, _ remedy: String) {
    let console = Console.standardError
    console.write(lines: console.wrapped([problem, "  \(remedy)"]))
  }
}
