import ArgumentParser
import Documents
import Engines
import Foundation
import Kubernetes
import Logging
import Synchronization
import Terminal

/// `prepull status`: what is kept warm in a cluster, and what runs go on.
struct StatusCommand: AsyncParsableCommand {
  enum Output: String, ExpressibleByArgument, CaseIterable { case table, wide, json, yaml }

  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show which nodes are warm for what is kept, and for the runs that go on.",
    discussion: """
      Examples:
        \(Program.name) status
        \(Program.name) status prepull-nginx -o wide
        \(Program.name) status --all-namespaces --watch
      """)

  @Argument(help: ArgumentHelp("Only what has this name.", valueName: "name"))
  var name: String?

  @Flag(name: [.customShort("A"), .long], help: "Of all namespaces.")
  var allNamespaces = false

  @Flag(name: [.customShort("w"), .long], help: "Go on showing it until Ctrl-C.")
  var watch = false

  @Option(name: .shortAndLong, help: "table; wide: also a line for each node; json or yaml: all that is known.")
  var output = Output.table

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  func validate() throws {
    if let name, let problem = NamingRule.label.problem(in: name) {
      throw ValidationError("the name '\(name)' \(problem)")
    }
    if allNamespaces, clusterOptions.namespace != nil {
      throw ValidationError("--namespace and --all-namespaces contradict each other: leave one of them out")
    }
  }

  func run() async throws {
    let logger = Logger(label: "prepull") { _ in Logs(console: .standardError, level: verbose ? .debug : .error) }
    let (isFound, interrupt) = try await Interrupt.cancelling { () -> Bool? in
      try await clusterOptions.withClient(logger: logger) { client in
        let namespace = allNamespaces ? nil : client.configuration.namespace
        if watch {
          try await follow(client, namespace)
          return true
        }
        let status = try await ClusterStatus.read(client: client, namespace: namespace, name: name)
        guard name == nil || !status.items.isEmpty else { return false }
        try Console.standardOutput.writeAll(try text(of: status, namespace))
        return true
      }
    }
    if let interrupt { throw ExitCode(interrupt.exitCode) }
    if isFound != true {
      Console.standardError.write(
        """
        Error: nothing of the name '\(name ?? "")' is kept, and no run has it\(allNamespaces ? "" : " in this namespace")
          See what there is: \(Program.name) status --all-namespaces

        """)
      throw ExitCode.failure
    }
  }

  /// Draws over what it drew on a terminal, prints what changed elsewhere.
  private func follow(_ client: KubernetesClient, _ namespace: String?) async throws {
    let out = Console.standardOutput
    let isLive = out.isTerminal && style == .colour && (output == .table || output == .wide)
    var region = LiveRegion()
    var last = ""
    try await ClusterStatus.follow(client: client, namespace: namespace, name: name) { status in
      let report = StatusReport(items: status.items, namespace: namespace)
      if isLive {
        let (columns, rows) = out.size
        let lines = report.lines(isWide: output == .wide, style: style, columns: columns - 1, now: Date())
        out.write(region.update(lines, columns: columns, rows: rows))
      } else if let text = try? text(of: status, namespace), text != last {
        out.write(last.isEmpty || output == .json ? text : (output == .yaml ? "---\n" : "\n") + text)
        last = text
      }
      return false
    }
  }

  private func text(of status: ClusterStatus, _ namespace: String?) throws -> String {
    let report = StatusReport(items: status.items, namespace: namespace)
    switch output {
    case .json: return report.json.text + "\n"
    case .yaml: return try report.yaml()
    case .table, .wide:
      let lines = report.lines(
        isWide: output == .wide, style: style, columns: Console.standardOutput.columns, now: Date())
      return lines.joined(separator: "\n") + "\n"
    }
  }

  private var style: Style {
    .choose(isTerminal: Console.standardOutput.isTerminal, environment: ProcessInfo.processInfo.environment)
  }
}
