import ArgumentParser
import Engines
import Kubernetes
import Logging
import Terminal

/// `prepull cleanup`: removes what runs left behind that were killed.
struct CleanupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup",
    abstract: "Remove what runs left in a cluster that were killed before they could.",
    discussion: """
      Every run cleans up after itself, and the next one in the same namespace removes what a killed one left. What a \
      run that is still alive needs is never touched, unless --force says so. What run --keep made stays: see \
      \(Program.name) delete.

      Examples:
        \(Program.name) cleanup
        \(Program.name) cleanup --all-namespaces --dry-run
      """)

  @Flag(name: [.customShort("A"), .long], help: "In all namespaces.")
  var allNamespaces = false

  @Flag(help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @Flag(help: "Also what a run that seems to be alive needs; it will fail.")
  var force = false

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  func validate() throws {
    if allNamespaces, clusterOptions.namespace != nil {
      throw ValidationError("--namespace and --all-namespaces contradict each other: leave one of them out")
    }
  }

  func run() async throws {
    let console = Console.standardError
    let logger = Logger(label: "prepull") { _ in Logs(console: console, level: verbose ? .debug : .error) }
    let (isClean, interrupt) = try await Interrupt.cancelling { () -> Bool? in
      try await clusterOptions.withClient(logger: logger) { client in
        let namespace = allNamespaces ? nil : client.configuration.namespace
        return try await cleanUp(Leftovers(client: client, logger: logger), in: namespace)
      }
    }
    if let interrupt { throw ExitCode(interrupt.exitCode) }
    if isClean != true { throw ExitCode.failure }
  }

  /// - Returns: whether nothing is left that should go.
  private func cleanUp(_ leftovers: Leftovers, in namespace: String?) async throws -> Bool {
    let found = try await leftovers.find(in: namespace)
    let place = namespace.map { "the namespace \($0)" } ?? "any namespace"
    if found.isEmpty {
      try Console.standardOutput.writeAll("no run left anything in \(place)\n")
      return true
    }
    var isClean = true
    for leftover in found {
      try Task.checkCancellation()
      let name = "\(leftover.name) in the namespace \(leftover.namespace)"
      guard leftover.isExpired || force else {
        try Console.standardOutput.writeAll(
          "kept \(name): its run is alive until \(leftover.expires) or longer; --force removes it all the same\n")
        continue
      }
      if dryRun {
        try Console.standardOutput.writeAll("would remove \(name)\n")
        continue
      }
      switch await leftovers.remove(leftover) {
      case .complete: try Console.standardOutput.writeAll("removed \(name)\n")
      case .incomplete(let left, let reason, let remedy):
        isClean = false
        let what = FailureGroups.names(left, shown: 5)
        let console = Console.standardError
        console.write(
          lines: console.wrapped([
            "\(name): still there: \(what): \(VisibleText.sanitised(reason))", "  \(VisibleText.sanitised(remedy))",
          ]))
      }
    }
    return isClean
  }
}
