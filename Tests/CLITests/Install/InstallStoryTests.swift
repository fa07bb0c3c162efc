import Documents
import Foundation
import Logging
import TestKit
import Testing
import VirtualCluster

@testable import CLI

/// What `docs/install.md` tells a newcomer to type, typed.
@Suite("Docs: install", .timeLimit(.minutes(10)))
struct InstallStoryTests {
  private static func page() throws -> String {
    try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/install.md"), encoding: .utf8)
  }

  @Test("The first commands of the page work on an empty cluster")
  func beginning() async throws {
    let top = try #require(Self.page().components(separatedBy: "\n# ").first)
    let blocks = DocsTests.blocks("sh", in: top)
    #expect(blocks.count == 1 && blocks[0].hasPrefix("prepull install | kubectl apply -f -\n"))
    var options = SandboxOptions(nodes: NodeTemplate.numbered(1))
    options.programs = SandboxPrograms.all
    options.rules = .cel
    try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
      try await withTemporaryFolder { folder in
        try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
        // Only the registry of the sandbox has the image.
        let image = "prepull install --image \(sandbox.registry.host)/prepull:sandbox |"
        let script = ["set -euxo pipefail", "exec 2>&1", blocks[0].replacing("prepull install |", with: image)]
        try script.joined(separator: "\n").write(toFile: folder + "/script", atomically: true, encoding: .utf8)
        let programs = URL(filePath: try PrepullProgram.path).deletingLastPathComponent().path
        let path = "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let output = try await Tool.output(
          "bash", ["-c", "bash \(folder)/script && echo DONE || echo FAILED"],
          environment: ["PATH": path, "HOME": folder, "KUBECONFIG": folder + "/config"])
        #expect(output.hasSuffix("No resources found\nDONE\n"), "\(output)")
      }
    }
  }

  @Test("From install to a gated node that is warm before its first pod, and back to a clean cluster")
  func story() async throws {
    let walk = try #require(
      Self.page().components(separatedBy: "\n# On a cluster of yours").first?
        .components(separatedBy: "\n# Try it in a sandbox").last)
    let blocks = DocsTests.blocks("sh", in: walk)
    #expect(blocks.count == 6)

    var options = SandboxOptions(nodes: NodeTemplate.numbered(2))
    options.programs = SandboxPrograms.all
    options.rules = .cel
    try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
      try await withTemporaryFolder { folder in
        try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
        let script = (["set -euxo pipefail", "exec 2>&1"] + blocks).joined(separator: "\n")
          .replacing("/tmp/sandbox", with: folder + "/config").replacing("127.0.0.1:PORT", with: sandbox.registry.host)
        try script.write(toFile: folder + "/script", atomically: true, encoding: .utf8)
        let programs = URL(filePath: try PrepullProgram.path).deletingLastPathComponent().path
        let path = "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        // Its output says what it did, also when it fails.
        let output = try await Tool.output(
          "bash", ["-c", "bash \(folder)/script || echo FAILED"], environment: ["PATH": path, "HOME": folder])
        #expect(
          output.hasSuffix("the cluster holds nothing of Prepull's operator any more\n"), "\(output)\n\(sandbox.report)"
        )
        // The pod of the Deployment never waited for its image.
        let events = sandbox.objects("events").filter {
          $0[path: "involvedObject", "name"]?.string?.hasPrefix("web-") == true
        }
        #expect(!events.contains { $0["reason"] == "Pulling" })
        #expect(events.contains { $0["message"]?.string?.contains("already present on machine") == true })
      }
    }
  }
}

extension Sandbox {
  /// What a person would look at first when the story does not go on.
  fileprivate var report: String {
    let events = objects("events").map {
      "\($0[path: "involvedObject", "name"]?.string ?? "") \($0["reason"]?.string ?? "") \($0["message"]?.string ?? "")"
    }
    let prepulls = objects("prepulls", group: "prepull.dev").map { $0["status"]?.text ?? "" }
    return (events + prepulls).joined(separator: "\n")
  }
}
