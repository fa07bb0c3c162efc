import Documents
import ImageModel
import Kubernetes
import Testing
import VirtualCluster

@testable import Operator
@testable import PrepullAPI

@Suite("The operator and Windows nodes", .timeLimit(.minutes(5)))
struct ControllerWindowsTests {
  @Test("One Prepull warms Linux and Windows nodes; what is for one system only is unsupported on the other")
  func mixed() async throws {
    var nodes = [NodeTemplate("linux", platform: Platform(os: "linux", architecture: "amd64"))]
    for (name, build) in [("w-2019", "10.0.17763"), ("w-2022", "10.0.20348")] {
      nodes.append(NodeTemplate(name, platform: Platform(os: "windows", architecture: "amd64", osVersion: build)))
    }
    try await ControllerLab.with(nodes, isModelled: false) { lab in
      let images = try ["web:1.27", "mixed", "iis"].map { name in
        try #require(lab.sandbox.sampleImages.first { $0.contains(name) })
      }
      try await lab.withController {
        try await lab.make("web", images)
        try await lab.untilCondition("Ready", of: "web", reason: "AllNodesWarm")
        let status = try #require(try await lab.prepull("web").status)
        #expect(status.nodes?.desired == 3 && status.nodes?.warm == 3 && status.nodes?.failed == 0)
        #expect(status.images?.map(\.warm) == [1, 3, 1])
        #expect(status.images?.map { $0.unsupported ?? 0 } == [2, 0, 2])
        func states(_ node: String) -> [WarmNode.ImageState]? {
          lab.objects(WarmNode.self).first { $0.metadata.name == node }?.status?.images?
            .sorted { images.firstIndex(of: $0.image) ?? 0 < images.firstIndex(of: $1.image) ?? 0 }.map(\.state)
        }
        try await lab.until("the records") {
          states("linux") == [.warm, .warm, .unsupported] && states("w-2019") == [.unsupported, .warm, .unsupported]
            && states("w-2022") == [.unsupported, .warm, .warm]
        }
        try await lab.until("no pods") { lab.pods.isEmpty }
      }
    }
  }
}
