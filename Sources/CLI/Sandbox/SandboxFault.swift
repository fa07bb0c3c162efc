import ArgumentParser
import Commands
import Kubernetes
import Logging
import VirtualCluster

/// `prepull sandbox fault`: makes something go wrong in a sandbox that runs.
struct SandboxFault: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "fault", abstract: "Make something go wrong in an embedded cluster that runs.",
    discussion: """
      It asks the cluster's own API for it, so `kubectl get faults` lists what is in effect, and `kubectl delete fault` \
      ends it.

      \(Fault.Kind.allCases.map { "\($0.rawValue): \($0.explanation)" }.joined(separator: "\n"))
      """)

  @Argument(help: ArgumentHelp("What is to go wrong; see above.", valueName: "kind"))
  var kind: Fault.Kind

  @Option(help: ArgumentHelp("The node that it is about.", valueName: "name"))
  var node: String?

  @Option(
    name: .customLong("for"), help: ArgumentHelp("End it after this time.", valueName: "time"),
    transform: TimeSpan.parse)
  var duration: TimeSpan?

  @OptionGroup var clusterOptions: ClusterOptions

  var logLevel: Logger.Level { .warning }

  func run() async throws {
    guard kind.needsNode == (node != nil) else {
      throw ValidationError(
        kind.needsNode
          ? "\(kind.rawValue) is about one node: name it with --node"
          : "\(kind.rawValue) is not about a node: leave out --node")
    }
    let seconds = duration.map { max(1, Int($0.duration.components.seconds)) }
    let spec = Fault.Spec(kind, node: node, seconds: seconds)
    try await withClient { client in
      if let node { _ = try await client.get(Node.self, node) }
      let fault = try await client.create(Fault(spec))
      let name = fault.metadata.name ?? ""
      let end = !kind.lasts ? "" : seconds.map { " for \($0) s" } ?? "; end it with: kubectl delete fault \(name)"
      Console.standardOutput.write("\(name): \(kind.explanation)\(end)\n")
    }
  }
}

extension Fault.Kind: ExpressibleByArgument {
  /// In any case.
  public init?(argument: String) {
    guard let kind = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
      return nil
    }
    self = kind
  }
}
