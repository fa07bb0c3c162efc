import Documents
import Foundation
import Logging
import TestKit
import Testing
import VirtualCluster

@testable import CLI

/// The page inside the cluster as `docs/dashboard.md` installs it and takes it away again.
@Suite("Docs: the page inside the cluster", .timeLimit(.minutes(10)))
struct DashboardStoryTests {
  private static func page() throws -> String {
    try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/dashboard.md"), encoding: .utf8)
  }

  @Test("It is installed, becomes ready with its own rights, and goes without the operator")
  func story() async throws {
    let part = try #require(Self.page().components(separatedBy: "\n# Inside the cluster").last)
    let blocks = DocsTests.blocks("sh", in: part)
    #expect(blocks.count == 3 && blocks[0].hasPrefix("prepull install --dashboard | kubectl apply -f -\n"))
    #expect(blocks[1].contains("kubectl create token") && blocks[2].hasPrefix("kubectl -n prepull-system delete "))
    var options = SandboxOptions(nodes: NodeTemplate.numbered(1))
    options.programs = SandboxPrograms.all
    options.rules = .cel
    options.hasSampleImages = false
    try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
      try await withTemporaryFolder { folder in
        try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
        // Only the registry of the sandbox has the image, and it forwards no ports.
        let image = "prepull install --image \(sandbox.registry.host)/prepull:sandbox --dashboard |"
        let script =
          [
            "set -euxo pipefail", "exec 2>&1",
            blocks[0].replacing("prepull install --dashboard |", with: image),
          ]
          + blocks[1].split(separator: "\n").filter { !$0.contains("port-forward") }.map(String.init) + [
            "kubectl -n prepull-system logs deployment/prepull-dashboard | grep certificate-sha256 >/dev/null",
            blocks[2], "kubectl get clusterrole,clusterrolebinding,deployment -A -o name | grep dashboard || echo GONE",
            "kubectl -n prepull-system get deployment -o name",
          ]
        try script.joined(separator: "\n").write(toFile: folder + "/script", atomically: true, encoding: .utf8)
        let programs = URL(filePath: try PrepullProgram.path).deletingLastPathComponent().path
        let path = "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let output = try await Tool.output(
          "bash", ["-c", "bash \(folder)/script && echo DONE || echo FAILED"],
          environment: ["PATH": path, "HOME": folder, "KUBECONFIG": folder + "/config"])
        #expect(
          output.contains("GONE\n") && output.hasSuffix("deployment.apps/prepull-controller\nDONE\n"), "\(output)")
      }
    }
  }
}
