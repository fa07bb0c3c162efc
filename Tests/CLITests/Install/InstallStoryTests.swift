import Documents
import Foundation
import Testing
import VirtualCluster

@testable import CLI

/// What `docs/install.md` tells a newcomer to type, typed.
@Suite("Docs: install", .timeLimit(.minutes(10)))
struct InstallStoryTests {
  private static func page() throws -> String { try PageStory.page("install.md") }

  @Test("The first commands of the page work on an empty cluster")
  func beginning() async throws {
    let top = try #require(Self.page().components(separatedBy: "\n# ").first)
    let blocks = DocsTests.blocks("sh", in: top)
    #expect(blocks.count == 1 && blocks[0].hasPrefix("prepull install | kubectl apply -f -\n"))
    try await PageStory.withCluster(nodes: 1) { sandbox in
      // Only the registry of the sandbox has the image.
      let image = "prepull install --image \(sandbox.registry.host)/prepull:sandbox |"
      let output = try await PageStory.typed([blocks[0].replacing("prepull install |", with: image)], at: sandbox)
      #expect(output.hasSuffix("No resources found\nDONE\n"), "\(output)")
    }
  }

  @Test("From install to a gated node that is warm before its first pod, and back to a clean cluster")
  func story() async throws {
    let walk = try #require(
      Self.page().components(separatedBy: "\n# On a cluster of yours").first?
        .components(separatedBy: "\n# Try it in a sandbox").last)
    let blocks = DocsTests.blocks("sh", in: walk)
    #expect(blocks.count == 6)
    try await PageStory.withCluster(nodes: 2) { sandbox in
      let output = try await PageStory.typed(blocks, at: sandbox)
      #expect(
        output.hasSuffix("the cluster holds nothing of Prepull's operator any more\nDONE\n"),
        "\(output)\n\(sandbox.report)")
      // The pod of the Deployment never waited for its image.
      let events = sandbox.objects("events").filter {
        $0[path: "involvedObject", "name"]?.string?.hasPrefix("web-") == true
      }
      #expect(!events.contains { $0["reason"] == "Pulling" })
      #expect(events.contains { $0["message"]?.string?.contains("already present on machine") == true })
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
