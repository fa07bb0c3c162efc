import ArgumentParser
import Commands
import Documents
import Foundation
import Kubernetes
import Logging
import PrepullAPI
import Synchronization
import Terminal
import Warming

/// `prepull status`: what is kept warm in a cluster, by DaemonSets and by the operator, and what runs go on.
struct StatusCommand: ClusterCommand {
  enum Output: String, ExpressibleByArgument, CaseIterable { case table, wide, json, yaml }

  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show how many nodes are warm for what is kept, for Prepulls, and for runs in progress.",
    discussion: """
      It knows what run --keep and render made, the operator's Prepulls, and runs. With --watch, it also shows what the \
      agents of nodes pull, how fast, and how long that will take.

      Examples:
        \(Program.name) status
        \(Program.name) status prepull-nginx -o wide
        \(Program.name) status --all-namespaces --watch
      """)

  @Argument(
    help: ArgumentHelp("Only what has this name; prepull/shop: only the Prepull.", valueName: "name"),
    completion: .names(.kept))
  var name: String?

  /// Whether the name is that of a Prepull only.
  private var isPrepull = false

  @Flag(name: [.customShort("A"), .long], help: "Of all namespaces.")
  var allNamespaces = false

  @Flag(name: [.customShort("w"), .long], help: "Go on showing it until Ctrl-C.")
  var watch = false

  @Option(name: .shortAndLong, help: "table; wide: also a line for each node; json or yaml: all that is known.")
  var output = Output.table

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  mutating func validate() throws {
    if let given = name, let prepull = try PrepullName.name(in: given) { (name, isPrepull) = (prepull, true) }
    if let name, let problem = NamingRule.subdomain.problem(in: name) {
      throw ValidationError("the name '\(name)' \(problem)")
    }
    if allNamespaces, clusterOptions.namespace != nil {
      throw ValidationError("--namespace and --all-namespaces contradict each other: leave one of them out")
    }
  }

  func run() async throws {
    let isFound = try await interruptible {
      try await withClient { client in
        let namespace = allNamespaces ? nil : client.configuration.namespace
        if watch {
          try await follow(client, namespace)
          return true
        }
        async let prepulls = Self.prepulls(client, namespace, name)
        let items =
          isPrepull ? [] : try await ClusterStatus.read(client: client, namespace: namespace, name: name).items
        let report = StatusReport(items: items, prepulls: try await prepulls, namespace: namespace)
        guard name == nil || !report.items.isEmpty || !report.prepulls.isEmpty else { return false }
        try Console.standardOutput.writeAll(try text(of: report))
        return true
      }
    }
    if !isFound {
      let place = allNamespaces ? "" : " in this namespace"
      let console = Console.standardError
      console.write(
        lines: console.wrapped([
          isPrepull
            ? "Error: there is no Prepull '\(name ?? "")'\(place)"
            : "Error: nothing of the name '\(name ?? "")' is kept, and no Prepull and no run has it\(place)",
          "  See what there is: \(Program.name) status --all-namespaces",
        ]))
      throw ExitCode.failure
    }
  }

  /// Those of the operator: none where it is not installed.
  private static func prepulls(
    _ client: KubernetesClient, _ namespace: String?, _ name: String?
  ) async throws -> [Prepull] {
    do {
      return try await client.list(Prepull.self, in: namespace, fields: name.map { "metadata.name=\($0)" }).items
    } catch let error as APIError where error.code == .notFound {
      return []
    } catch let error as APIError where error.code == .forbidden {
      // A user who may list nothing is refused also where the kind does not exist; everyone may ask which kinds exist.
      guard (try? await client.getJSON("/apis/prepull.dev/v1alpha1")) != nil else { return [] }
      let console = Console.standardError
      console.write(lines: console.wrapped(["note: Prepulls are not shown: \(error.detail)"]))
      return []
    }
  }

  /// Draws over what it drew on a terminal, prints what changed elsewhere.
  private func follow(_ client: KubernetesClient, _ namespace: String?) async throws {
    let out = Console.standardOutput
    let isLive = out.isTerminal && style == .colour && (output == .table || output == .wide)
    // Agents of a large cluster tell something new many times a second; what is printed line by line is told at once.
    let view = StatusView(every: isLive ? .milliseconds(100) : .zero) { last in
      guard isLive else {
        guard let text = try? text(of: last.report), text != last.text else { return }
        out.write(last.text.isEmpty || output == .json ? text : (output == .yaml ? "---\n" : "\n") + text)
        last.text = text
        return
      }
      let (columns, rows) = out.size
      let lines = last.report.liveLines(isWide: output == .wide, style: style, columns: columns, now: Date())
      out.write(
        last.region.update(lines, columns: columns, rows: rows) { rest in
          style.paint("… \(Quantity.count(rest, "more line")): make the window higher, or give a name", .faint)
        })
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await view.run() }
      group.addTask {
        guard !isPrepull else {
          view.show(items: [], namespace: namespace)
          return try await Task.sleep(for: .seconds(Int32.max))
        }
        try await ClusterStatus.follow(client: client, namespace: namespace, name: name) { status in
          view.show(items: status.items, namespace: namespace)
          return false
        }
      }
      group.addTask {
        // Where the operator is not installed there is nothing to follow.
        try? await followPrepulls(client, namespace, view)
        try await Task.sleep(for: .seconds(Int32.max))
      }
      group.addTask {
        // Where there are no agents, or WarmNodes may not be seen, there is nothing to tell.
        try? await followAgents(client, namespace, view)
        try await Task.sleep(for: .seconds(Int32.max))
      }
      try await group.next()
      group.cancelAll()
    }
  }

  private func followAgents(_ client: KubernetesClient, _ namespace: String?, _ view: StatusView) async throws {
    let watch = AgentWatch(client: client) { [name] prepull in
      let parts = prepull.split(separator: "/", maxSplits: 1).map(String.init)
      return (namespace == nil || parts.first == namespace) && (name == nil || parts.last == name)
    }
    try await watch.run {
      view.show(pulls: $0)
    } note: { text in
      let console = Console.standardError
      console.write(lines: console.wrapped(["note: \(text)"]))
    }
  }

  private func followPrepulls(_ client: KubernetesClient, _ namespace: String?, _ view: StatusView) async throws {
    var store = ObjectStore<Prepull>()
    for try await event in client.watch(
      Prepull.self, in: namespace, fields: name.map { "metadata.name=\($0)" })
    {
      if !store.apply(event).isEmpty { view.show(prepulls: Array(store.objects.values)) }
    }
  }

  private func text(of report: StatusReport) throws -> String {
    switch output {
    case .json: return report.json.text + "\n"
    case .yaml: return try report.yaml()
    case .table, .wide:
      let out = Console.standardOutput
      let lines = report.lines(isWide: output == .wide, style: style, columns: out.columns, now: Date())
      return out.wrapped(lines).joined(separator: "\n") + "\n"
    }
  }

  private var style: Style { Console.standardOutput.style }
}
