import ArgumentParser
import Engines
import Kubernetes
import Logging

/// `prepull delete`: removes what `run --keep` made.
struct DeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Remove what run --keep made: the DaemonSets of a name, and what belongs to them.",
    discussion: """
      The images stay on the nodes until a kubelet needs their room.

      Examples:
        \(Program.name) delete prepull-nginx
      """)

  @Argument(help: ArgumentHelp("The name, as \(Program.name) status shows it.", valueName: "name"))
  var name: String

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  func validate() throws {
    if let problem = NamingRule.label.problem(in: name) { throw ValidationError("the name '\(name)' \(problem)") }
  }

  func run() async throws {
    let logger = Logger(label: "prepull") { _ in Logs(console: .standardError, level: verbose ? .debug : .error) }
    let (deleted, interrupt) = try await Interrupt.cancelling { () -> [String]? in
      try await clusterOptions.withClient(logger: logger) { client in
        let namespace = client.configuration.namespace
        let deleted = try await KeptDaemonSet(client: client).delete(name: name, namespace: namespace)
        if deleted.isEmpty {
          Console.standardError.write(
            """
            Error: nothing of the name '\(name)' is kept in the namespace \(namespace)
              See what is: \(Program.name) status --all-namespaces

            """)
        }
        return deleted
      }
    }
    try Console.standardOutput.writeAll((deleted ?? []).map { "\($0) deleted\n" }.joined())
    if let interrupt { throw ExitCode(interrupt.exitCode) }
    if deleted?.isEmpty != false { throw ExitCode.failure }
  }
}
