import Foundation
import Logging
import TestKit
import VirtualCluster

@testable import CLI

/// Types what a page of `docs/` tells people to type, at a sandbox that runs the operator.
enum PageStory {
  /// The text of a page.
  static func page(_ name: String) throws -> String {
    try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/\(name)"), encoding: .utf8)
  }

  static func withCluster(nodes: Int, _ body: (Sandbox) async throws -> Void) async throws {
    var options = SandboxOptions(nodes: NodeTemplate.numbered(nodes))
    options.programs = SandboxPrograms.all
    options.rules = .cel
    try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }, body)
  }

  /// What the lines printed, and DONE or FAILED at the end.
  static func typed(_ lines: [String], at sandbox: Sandbox) async throws -> String {
    try await withTemporaryFolder { folder in
      try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
      let script = (["set -euxo pipefail", "exec 2>&1"] + lines).joined(separator: "\n")
        .replacing("/tmp/sandbox", with: folder + "/config").replacing("127.0.0.1:PORT", with: sandbox.registry.host)
      try script.write(toFile: folder + "/script", atomically: true, encoding: .utf8)
      let programs = URL(filePath: try PrepullProgram.path).deletingLastPathComponent().path
      let path = "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
      return try await Tool.output(
        "bash", ["-c", "bash \(folder)/script && echo DONE || echo FAILED"],
        environment: ["PATH": path, "HOME": folder, "KUBECONFIG": folder + "/config"])
    }
  }
}
