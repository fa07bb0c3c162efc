import Documents
import Kubernetes
import Planning
import Sandbox
import Testing

@testable import Controller

@Suite("The operator on a cluster")
struct ControllerTests {
  @Test("It warms all nodes, says so, and leaves no pod behind")
  func warms() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(4)
      try await lab.withController {
        try await lab.make("web", images)
        try await lab.untilCondition("Ready", of: "web", reason: "AllNodesWarm")
        try await lab.until("no pods") { lab.pods.isEmpty }
        let status = try #require(try await lab.prepull("web").status)
        #expect(status.summary == "3/3")
        #expect(status.images?.map(\.reference) == images)
        #expect(status.images?.allSatisfy { $0.warm == 3 && $0.digest != nil && $0.wantedBy == ["spec"] } ?? false)
        try await lab.expectOnePull(of: images, on: ["node-1", "node-2", "node-3"])
        try await lab.until("WarmNodes") { lab.objects(WarmNode.self).allSatisfy { $0.status?.warm == "4/4" } }
        #expect(lab.objects(WarmNode.self).count == 3)
      }
    }
  }
}
