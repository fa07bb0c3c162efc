import Documents
import Foundation
import Testing
import VirtualCluster

/// The walk of `docs/sources.md`.
@Suite("Docs: sources", .timeLimit(.minutes(5)))
struct SourcesStoryTests {
  @Test("The newest releases of the sandbox's repository are looked at, and are then on the nodes")
  func story() async throws {
    let part = try #require(try PageStory.page("sources.md").components(separatedBy: "\n## Try it").last)
    let blocks = DocsTests.blocks("sh", in: try #require(part.components(separatedBy: "\n## ").first))
    #expect(blocks.count == 2)
    try await PageStory.withCluster(nodes: 2) { sandbox in
      let output = try await PageStory.typed(blocks, at: sandbox)
      #expect(output.hasSuffix("DONE\n"), "\(output)")
      let images = ["1.5.0", "1.4.1"].map { "\(sandbox.registry.host)/sample/app:\($0)" }
      for image in images { #expect(output.contains("\(image)  "), "\(output)") }
      let held = sandbox.objects("warmnodes", group: "prepull.dev").map { node in
        node[path: "status", "images"]?.array?.compactMap { $0["image"]?.string }.sorted()
      }
      #expect(held == [images.reversed(), images.reversed()], "\(output)")
    }
  }
}
