import ArgumentParser
import Controller
import Engines
import Kubernetes
import Logging

/// `prepull delete`: removes what keeps images on nodes: what `run --keep` made, or a Prepull.
struct DeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Remove what keeps images: the DaemonSets of run --keep, or a Prepull of the operator.",
    discussion: """
      The images stay on the nodes until a kubelet needs their room.

      Examples:
        \(Program.name) delete prepull-nginx
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable { case kept, prepull }

  @Argument(
    help: ArgumentHelp("The name, as \(Program.name) status shows it.", valueName: "name"), completion: .names(.kept))
  var name: String

  @Option(help: "kept or prepull, where both have the name.")
  var kind: Kind?

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  func validate() throws {
    if let problem = NamingRule.subdomain.problem(in: name) { throw ValidationError("the name '\(name)' \(problem)") }
  }

  func run() async throws {
    let logger = Logger(label: "prepull") { _ in Logs(console: .standardError, level: verbose ? .debug : .error) }
    let (deleted, interrupt) = try await Interrupt.cancelling { () -> [String]? in
      try await clusterOptions.withClient(logger: logger) { client in try await delete(client) }
    }
    if deleted == nil, interrupt != nil {
      say(
        "stopped before it was done: some of '\(name)' may still be there",
        "See what is: \(Program.name) status; \(Program.name) delete goes on where it stopped.")
    }
    try Console.standardOutput.writeAll((deleted ?? []).map { "\($0) deleted\n" }.joined())
    if let interrupt { throw ExitCode(interrupt.exitCode) }
    if deleted?.isEmpty != false { throw ExitCode.failure }
  }

  private func delete(_ client: KubernetesClient) async throws -> [String] {
    let namespace = client.configuration.namespace
    let kept = KeptDaemonSet(client: client)
    let hasPrepull = kind == .kept ? false : try await hasPrepull(client, namespace)
    if hasPrepull, kind == nil, try await kept.exists(name: name, namespace: namespace) {
      say(
        "Error: DaemonSets of run --keep and a Prepull have the name '\(name)' in the namespace \(namespace)",
        "Say which with --kind kept or --kind prepull.")
      return []
    }
    if hasPrepull {
      try await client.delete(Prepull.self, name, in: namespace)
      return ["prepull/\(name)"]
    }
    let deleted = kind == .prepull ? [] : try await kept.delete(name: name, namespace: namespace)
    if deleted.isEmpty { try await explain(client, namespace) }
    return deleted
  }

  /// False also where the operator is not installed, or may not be asked about.
  private func hasPrepull(_ client: KubernetesClient, _ namespace: String) async throws -> Bool {
    do {
      return try await client.get(Prepull.self, name, in: namespace).metadata.deletionTimestamp == nil
    } catch let error as APIError where [.notFound, .forbidden].contains(error.code) {
      return false
    }
  }

  private func explain(_ client: KubernetesClient, _ namespace: String) async throws {
    let running = try await ClusterStatus.read(client: client, namespace: namespace, name: name).items
    if running.contains(where: { $0.kind == .run }) {
      return say(
        "Error: '\(name)' is a run that goes on: it removes what it made when it ends",
        "Stop it with Ctrl-C where it was started, or with \(Program.name) cleanup --force -n \(namespace).")
    }
    say(
      "Error: nothing of the name '\(name)' is kept in the namespace \(namespace), and no Prepull has it",
      "See what is: \(Program.name) status --all-namespaces")
  }

  private func say(_ problem: String, _ remedy: String) {
    let console = Console.standardError
    console.write(lines: console.wrapped([problem, "  \(remedy)"]))
  }
}
