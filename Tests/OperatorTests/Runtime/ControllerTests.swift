import Serving
@testable import Operator
@testable import PrepullAPI
import Documents
import ImageModel
import Kubernetes
import Testing
import VirtualCluster

@Suite("The operator on a cluster", .timeLimit(.minutes(10)))
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
        #expect(status.nodes?.desired == 3 && status.nodes?.warm == 3)
        #expect(status.images?.map(\.image) == images)
        #expect(status.images?.allSatisfy { $0.warm == 3 && $0.digest != nil && $0.wantedBy == ["spec"] } ?? false)
        try await lab.expectOnePull(of: images, on: ["node-1", "node-2", "node-3"])
        try await lab.until("WarmNodes") { lab.objects(WarmNode.self).allSatisfy { $0.status?.warm == 4 } }
        #expect(lab.objects(WarmNode.self).count == 3)
      }
    }
  }

  @Test("A node that comes later is warmed, and an image that is added is the only one to be pulled")
  func nodeComes() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let images = try lab.images(3)
      try await lab.withController {
        try await lab.make("web", Array(images.prefix(2)))
        try await lab.untilCondition("Ready", of: "web")
        try await lab.sandbox.addNode(NodeTemplate("late"))
        try await lab.until("the late node is warm") { try await lab.prepull("web").status?.nodes?.warm == 2 }
        try await lab.edit("web", ["images": .array(images.map { ["image": .string($0)] })])
        try await lab.untilCondition("Ready", of: "web")
        try await lab.expectOnePull(of: images, on: ["node-1", "late"])
      }
    }
  }

  @Test("A gated node loses the gate's taint, and only it, when it is warm")
  func gate() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let images = try lab.images(2)
      try await lab.withController {
        try await lab.make("web", images) {
          $0.gate = Prepull.Gate(startupTaint: "example.com/cold")
          var nodes = Prepull.Nodes()
          nodes.tolerations = [Toleration(key: "dedicated", operator: .exists)]
          $0.nodes = nodes
        }
        try await lab.untilCondition("Ready", of: "web")
        var template = NodeTemplate("gated")
        template.taints = [
          Taint(key: "dedicated", value: "gpu", effect: "NoSchedule"),
          Taint(key: "example.com/cold", effect: "NoSchedule"), Taint(key: "example.com/cold", effect: "NoExecute"),
        ]
        try await lab.sandbox.addNode(template)
        try await lab.until("the gate is open") { lab.node("gated")?.spec?.taints?.map(\.key) == ["dedicated"] }
        try await lab.expectOnePull(of: images, on: ["gated"])
        try await lab.until("the condition") {
          lab.node("gated")?.status?.conditions?.contains { $0.type == "prepull.dev/Warm" && $0.status == "True" }
            ?? false
        }
        try await lab.until("an event") {
          lab.objects(Event.self).contains { $0.reason == "GateOpened" && $0.involvedObject.name == "gated" }
        }
        try await lab.until("it is counted") { lab.metrics.gateWait.count("Warm") == 1 }
        try await lab.until("it is remembered") {
          let node = lab.objects(WarmNode.self).first { $0.metadata.name == "gated" }
          return node?.status?.gate?.reason == "Warm" && node?.status?.gate?.openedAt != nil
        }
      }
    }
  }

  @Test("A gate opens at its deadline although the node is cold, and says so")
  func gateDeadline() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let missing = "\(lab.sandbox.registry.host)/lab/missing:v1"
      try await lab.withController {
        try await lab.make("web", [missing]) {
          $0.gate = Prepull.Gate(startupTaint: "example.com/cold", deadline: "2s")
        }
        var template = NodeTemplate("gated")
        template.taints = [Taint(key: "example.com/cold", effect: "NoSchedule")]
        try await lab.sandbox.addNode(template)
        try await lab.until("the gate is open") { lab.node("gated")?.spec?.taints?.isEmpty ?? true }
        try await lab.until("a warning") {
          lab.objects(Event.self).contains { $0.reason == "GateOpenedCold" && $0.type == "Warning" }
        }
        try await lab.until("it is counted") { lab.metrics.gateWait.count("DeadlinePassed") == 1 }
      }
    }
  }

  @Test("A Prepull that is deleted leaves no gate closed, seen by the operator or not", arguments: [true, false])
  func gateOfDeleted(isSeen: Bool) async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let missing = "\(lab.sandbox.registry.host)/lab/missing:v1"
      try await lab.withController {
        try await lab.make("web", [missing]) { $0.gate = Prepull.Gate(startupTaint: "example.com/cold") }
        var template = NodeTemplate("gated")
        template.taints = [Taint(key: "example.com/cold", effect: "NoSchedule")]
        try await lab.sandbox.addNode(template)
        try await lab.until("it is marked cold") {
          lab.node("gated")?.status?.conditions?.contains { $0.type == PullerKey.warm && $0.status == "False" } ?? false
        }
        if isSeen { try await lab.client.delete(Prepull.self, "web", in: "default") }
      }
      if !isSeen { try await lab.client.delete(Prepull.self, "web", in: "default") }
      try await lab.withController {
        try await lab.until("the gate is open") { lab.node("gated")?.spec?.taints?.isEmpty ?? true }
        try await lab.until("the nodes are as before") {
          ["gated", "node-1"].allSatisfy { name in
            lab.node(name)?.status?.conditions?.contains { $0.type == PullerKey.warm } == false
          }
        }
        try await lab.until("all is gone") { lab.objects(Prepull.self).isEmpty && lab.objects(WarmNode.self).isEmpty }
      }
    }
  }

  @Test("A missing image is refused with one condition, and the others go on")
  func missingImage() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(4)) { lab in
      let images = try lab.images(2)
      let missing = "\(lab.sandbox.registry.host)/lab/missing:v1"
      try await lab.withController {
        try await lab.make("web", [missing] + images)
        try await lab.untilCondition("Degraded", of: "web", reason: "ImageNotFound")
        try await lab.until("the others are warm") {
          try await lab.prepull("web").status?.images?.dropFirst().allSatisfy { $0.warm == 4 } ?? false
        }
        let status = try #require(try await lab.prepull("web").status)
        #expect(status.images?.first?.reason == "NotFound")
        #expect(status.conditions?["Degraded"]?.message.contains("lab/missing:v1") ?? false)
        try lab.sandbox.registry.addModelled("lab/missing", tag: "v1", layers: [1000])
        try await lab.untilCondition("Ready", of: "web")
        try await lab.untilCondition("Degraded", false, of: "web")
      }
    }
  }

  @Test("A deleted Prepull takes everything with it that was made for it")
  func deletion() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try lab.images(2)
      try await lab.withController {
        try await lab.make("one", images)
        try await lab.make("two", [images[0]])
        try await lab.untilCondition("Ready", of: "one")
        try await lab.untilCondition("Ready", of: "two")
        try await lab.client.delete(Prepull.self, "one", in: "default")
        try await lab.until("it is gone") { lab.objects(Prepull.self).map(\.metadata.name) == ["two"] }
        try await lab.until("its claims are gone") {
          lab.objects(WarmNode.self).allSatisfy { $0.status?.images?.map(\.image) == [images[0]] }
        }
        try await lab.client.delete(Prepull.self, "two", in: "default")
        try await lab.until("all is gone") {
          lab.objects(Prepull.self).isEmpty && lab.objects(WarmNode.self).isEmpty && lab.pods.isEmpty
            && lab.objects(ConfigMap.self).allSatisfy { $0.metadata.labels?[PullerKey.prepull] == nil }
        }
      }
    }
  }

  @Test("A namespace with a Prepull can be deleted in the midst of its work")
  func namespaceDeletion() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let image = try lab.sandbox.registry.addModelled("lab/big", tag: "v1", layers: [20_000_000_000]).description
      _ = try await lab.client.create(Namespace(metadata: ObjectMeta(name: "team")))
      try await lab.withController {
        var spec = Prepull.Spec()
        spec.images = [Prepull.Image(image: image)]
        _ = try await lab.client.create(Prepull(metadata: ObjectMeta(name: "web", namespace: "team"), spec: spec))
        try await lab.until("pods") { !lab.pods.isEmpty }
        try await lab.client.delete(Namespace.self, "team")
        try await lab.until("the namespace is gone") {
          !lab.objects(Namespace.self).contains { $0.metadata.name == "team" } && lab.objects(Prepull.self).isEmpty
        }
      }
    }
  }

  @Test("Mode Once ends, and is deleted when its time to live is over")
  func once() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try lab.images(2)
      try await lab.withController {
        try await lab.make("web", images) { $0.mode = Prepull.Mode.once.rawValue }
        try await lab.untilCondition("Complete", of: "web")
        try await lab.sandbox.addNode(NodeTemplate("late"))
        #expect(try await lab.prepull("web").status?.finishedAt != nil)
        try await lab.edit("web", ["ttlSecondsAfterFinished": 1])
        try await lab.until("it is gone") { lab.objects(Prepull.self).isEmpty }
      }
    }
  }

  @Test("An image that was lost is found missing and pulled again")
  func loss() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try lab.images(2)
      try await lab.withController {
        try await lab.make("web", images) { $0.verifyInterval = "1s" }
        try await lab.untilCondition("Ready", of: "web")
        try await lab.sandbox.removeImage(images[0], from: "node-1")
        try await lab.until("it is back") { try await lab.sandbox.image(images[0], on: "node-1") != nil }
        #expect(try await lab.sandbox.pulls(on: "node-1")[images[0]] == 2)
        try await lab.expectOnePull(of: images, on: ["node-2"])
      }
    }
  }

  @Test("With refreshInterval, a tag that moved is pulled again by all nodes, and an Event says so")
  func refresh() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try lab.images(2)
      let tagged = images[0]
      try await lab.withController {
        try await lab.make("web", images) { $0.refreshInterval = "1s" }
        try await lab.make("still", images)
        try await lab.untilCondition("Ready", of: "web")
        try await lab.untilCondition("Ready", of: "still")
        let old = try #require(try await lab.prepull("web").status?.images?.first?.digest)
        try lab.sandbox.registry.addModelled("lab/app-1", tag: "v1", layers: [30_000_000])
        for node in ["node-1", "node-2"] {
          try await lab.until("\(node) pulls it anew") { try await lab.sandbox.pulls(on: node)[tagged] == 2 }
        }
        try await lab.until("the status has the new digest") {
          let image = try await lab.prepull("web").status?.images?.first
          return image?.digest != old && image?.warm == 2
        }
        try await lab.untilCondition("Ready", of: "web")
        let events = lab.objects(Event.self).filter { $0.reason == "DigestMoved" }
        #expect(events.map(\.involvedObject.name) == ["web"], "of those that refresh, and once")
        #expect(events.first?.message?.contains(tagged) == true && events.first?.type == "Normal")
        try await lab.expectOnePull(of: [images[1]], on: ["node-1", "node-2"])
      }
    }
  }
}
