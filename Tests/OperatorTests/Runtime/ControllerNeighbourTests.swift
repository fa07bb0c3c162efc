import Serving
@testable import Operator
@testable import PrepullAPI
import Documents
import Foundation
import ImageModel
import Kubernetes
import Testing
import VirtualCluster

/// The operator beside pods and Prepulls of others.
@Suite("The operator and its neighbours", .timeLimit(.minutes(5)))
struct ControllerNeighbourTests {
  /// A pod of somebody else that is bound to `node-1`.
  private func runOthers(
    _ name: String, _ image: String, initImage: String? = nil, in lab: ControllerLab
  ) async throws {
    var spec = PodSpec(containers: [Container(name: "app", image: image)])
    if let initImage {
      var setup = Container(name: "setup", image: initImage)
      setup.command = ["serve"]
      spec.initContainers = [setup]
    }
    spec.nodeName = "node-1"
    _ = try await lab.client.create(Pod(metadata: ObjectMeta(name: name, namespace: "default"), spec: spec))
  }

  @Test("A pod whose init container never ends does not keep its node from being warmed")
  func stuckPod() async throws {
    try await ControllerLab.with(
      NodeTemplate.numbered(1), change: { $0.pace.yielding.withoutEvent = .seconds(1) }
    ) { lab in
      let images = try lab.images(3)
      try await runOthers("stuck", images[0], initImage: images[1], in: lab)
      try await lab.until("its init container runs") {
        lab.objects(Pod.self).first { $0.metadata.name == "stuck" }?.status?.initContainerStatuses?.first?.state?
          .running
          != nil
      }
      try await lab.withController {
        try await lab.make("web", [images[2]])
        try await lab.untilCondition("Ready", of: "web")
        // A new controller does not begin to wait for it again.
        #expect(lab.metrics.yieldingNodes.value() == 0)
      }
    }
  }

  @Test("A node is left to a pod that pulls, which status and metrics say, and for no longer than the timeout")
  func yields() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1), change: { $0.yieldTimeout = .seconds(3) }) { lab in
      let images = try lab.images(1)
      let large = try lab.sandbox.registry.addModelled("lab/large", tag: "v1", layers: [20_000_000_000]).description
      try await lab.withController {
        try await lab.make("first", images)
        try await lab.untilCondition("Ready", of: "first")
        try await runOthers("large", large, in: lab)
        try await lab.until("the node is left to it") {
          lab.metrics.yieldingNodes.value() == 1
        }
        let more = try lab.images(1, seed: "more")
        try await lab.make("web", more)
        try await lab.until("status says so") {
          let message = try await lab.prepull("web").status?.conditions?["Progressing"]?.message ?? ""
          return message.contains("yield to pods of others") && message.contains("default/large on node-1")
        }
        try await lab.until("it goes on") { lab.pods.contains { $0.metadata.name?.hasPrefix("web") ?? false } }
        #expect(lab.metrics.yieldTimeouts.value() == 1)
      }
    }
  }

  @Test("A Prepull without access to an image is denied, and takes it from nobody (KEP-2535)")
  func secrets() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2), isModelled: false) { lab in
      lab.sandbox.registry.require(.users(["ada": "1", "bob": "2"]), under: "team/")
      let image = lab.sandbox.registry.add(try SampleImage(seed: 7), to: "team/app", tag: "v1").description
      for (name, user, password) in [("ada", "ada", "1"), ("bob", "bob", "2")] {
        let auth = Data("\(user):\(password)".utf8).base64EncodedString()
        let config: JSON = ["auths": .object([lab.sandbox.registry.host: ["auth": .string(auth)]])]
        _ = try await lab.client.create(
          Secret(
            metadata: ObjectMeta(name: name, namespace: "default"), type: "kubernetes.io/dockerconfigjson",
            data: [".dockerconfigjson": Data(config.bytes()).base64EncodedString()]))
      }
      func make(_ name: String, _ secret: String?) async throws {
        try await lab.make(name, [image]) { spec in
          spec.verifyInterval = "1s"
          spec.imagePullSecrets = secret.map { [LocalObjectReference(name: $0)] }
        }
      }
      try await lab.withController {
        try await make("ada", "ada")
        try await lab.untilCondition("Ready", of: "ada")
        try await make("nobody", nil)
        try await make("bob", "bob")
        try await lab.untilCondition("Ready", of: "bob")
        try await lab.untilCondition("Degraded", of: "nobody")
        // Several checks of each set of secrets.
        for _ in 1...3 {
          let last = lab.objects(WarmNode.self).compactMap { $0.status?.verifiedAt }.max() ?? ""
          try await lab.until("a check") {
            lab.objects(WarmNode.self).allSatisfy { ($0.status?.verifiedAt ?? "") > last }
          }
          try await lab.untilCondition("Ready", of: "ada")
          try await lab.untilCondition("Ready", of: "bob")
        }
        #expect(lab.metrics.imagesLost.value() == 0)
        let held = lab.objects(WarmNode.self).flatMap { $0.status?.images ?? [] }.compactMap(\.pulledWith)
        #expect(held.allSatisfy { $0.map(\.secrets) == [["ada"], ["bob"]] } && held.count == 2)
      }
    }
  }
}
