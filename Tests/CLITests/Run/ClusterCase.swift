import Documents
import Foundation
import KubeAPIServer
import Logging
import Synchronization
import TestKit
import Testing
import VirtualCluster

/// A sandbox, and the built program used on it as a user does.
struct ClusterCase: Sendable {
  let sandbox: Sandbox
  let kubeconfig: String

  var web: String { "\(sandbox.registry.host)/sample/web:1.27" }
  var scratch: String { "\(sandbox.registry.host)/sample/scratch:v1" }
  var missing: String { "\(sandbox.registry.host)/sample/web:nosuch" }

  func prepull(
    _ arguments: String..., input: String = "", signal: Int32? = nil,
    when isDue: @escaping @Sendable () -> Bool = { true }
  ) async throws -> PrepullProgram.Outcome {
    try await PrepullProgram.run(
      arguments, environment: ["KUBECONFIG": kubeconfig], input: input, signal: signal, when: isDue)
  }

  /// Names of what runs and kept DaemonSets have made and not removed.
  var objects: [String] {
    let kinds = [("pods", ""), ("configmaps", ""), ("daemonsets", "apps")]
    return kinds.flatMap { plural, group in
      sandbox.objects(plural, group: group)
        .filter { $0[path: "metadata", "labels", "app.kubernetes.io/managed-by"]?.string == "prepull" }
        .map { "\(plural)/\($0[path: "metadata", "name"]?.string ?? "")" }
    }
  }

  var pods: Int { objects.count { $0.hasPrefix("pods/") } }
}

func withCluster(
  _ nodes: [NodeTemplate] = NodeTemplate.numbered(3), _ body: (ClusterCase) async throws -> Void
) async throws {
  var options = SandboxOptions(nodes: nodes)
  options.speed = 10
  options.rules = .cel
  try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
    try await withTemporaryFolder { folder in
      let kubeconfig = folder + "/config"
      try sandbox.kubeconfig.write(toFile: kubeconfig, atomically: true, encoding: .utf8)
      try await body(ClusterCase(sandbox: sandbox, kubeconfig: kubeconfig))
    }
  }
}

/// The lines of `-o json`.
func events(_ outcome: PrepullProgram.Outcome) throws -> [JSON] {
  try outcome.output.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
}

/// An API server that goes away at the first look at it, for half a minute.
final class Outage: Sendable {
  private let sandbox: Sandbox
  private let state = Mutex((isAsked: false, hasBegun: false))

  init(_ sandbox: Sandbox) { self.sandbox = sandbox }

  /// Whether the server is away by now.
  var hasBegun: Bool {
    let (isFirst, hasBegun) = state.withLock { state in
      defer { state.isAsked = true }
      return (!state.isAsked, state.hasBegun)
    }
    if isFirst {
      Task {
        await sandbox.server.restart(downFor: .seconds(30))
        // Connections that were open are dropped a moment later.
        try await Task.sleep(for: .seconds(1))
        state.withLock { $0.hasBegun = true }
      }
    }
    return hasBegun
  }
}
