import Serving
@testable import PrepullAPI
@testable import Operator
import KubeAPIServer
import Runtimes
import Documents
import ImageModel
import Kubernetes
import Synchronization
import TestKit
import Testing
import VirtualCluster

@Suite("The operator among faults", .timeLimit(.minutes(10)))
struct ControllerFaultTests {
  private let nodes = ["node-1", "node-2", "node-3"]

  @Test("Killed at 50 random points it forgets nothing and pulls nothing twice")
  func killed() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed of the kills: \(seed)")
    var random = SplitMix64(state: seed)
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      var kills = 0
      var round = 0
      while kills < 50 {
        round += 1
        let images = try lab.images(3, seed: "round-\(round)")
        try await lab.make("round-\(round)", images)
        var isReady = false
        while !isReady {
          let last = Int.random(in: 14...32, using: &random)
          let requests = Mutex(0)
          isReady = try await lab.withController(onRequest: { _ in requests.withLock { $0 += 1 } }) {
            let end = ContinuousClock.now + .seconds(60)
            while requests.withLock({ $0 }) < last, ContinuousClock.now < end {
              if try await lab.prepull("round-\(round)").status?.conditions?["Ready"]?.isTrue ?? false { return true }
              try await Task.sleep(for: .milliseconds(2))
            }
            kills += 1
            return false
          }
          guard kills < 200 else { break }
        }
        try await lab.expectOnePull(of: images, on: nodes, "round \(round), seed \(seed)")
        #expect(isReady, "seed \(seed)")
        guard isReady else { return }
      }
    }
  }

  @Test("Two controllers never both act, and the second goes on where the first lost the lease")
  func leaderLost() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      func elected(_ name: String) -> (inout ControllerOptions) -> Void {
        {
          $0.isElected = true
          $0.identity = name
          $0.leaseDuration = .seconds(2)
          $0.renewDeadline = .milliseconds(1500)
          $0.retryPeriod = .milliseconds(100)
        }
      }
      try await lab.withController(elected("first")) {
        try await lab.withController(elected("second")) {
          for round in 1...4 {
            let images = try lab.images(3, seed: "round-\(round)")
            try await lab.make("round-\(round)", images)
            try await lab.until("pods") { !lab.pods.isEmpty }
            // Somebody takes the lease away from whoever has it; it is free again after its duration.
            _ = try await lab.client.patch(
              Lease.self, ControllerOptions.lease, in: "default",
              .merge(["spec": ["holderIdentity": "nobody", "leaseDurationSeconds": 1]]))
            try await lab.untilCondition("Ready", of: "round-\(round)")
            try await lab.expectOnePull(of: images, on: nodes, "round \(round)")
          }
        }
      }
    }
  }

  @Test("The API server restarts, watches are cut and their past is forgotten, in the midst of a rollout")
  func serverFaults() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      try await lab.withController {
        for (round, fault) in ["restart", "cut", "compact", "drop"].enumerated() {
          let images = try lab.images(3, seed: "round-\(round)")
          try await lab.make("round-\(round)", images)
          try await lab.until("pods") { !lab.pods.isEmpty }
          switch fault {
          case "restart": await lab.sandbox.server.restart(downFor: .milliseconds(300))
          case "cut": lab.sandbox.server.cutWatches()
          case "compact":
            lab.sandbox.server.compact()
            lab.sandbox.server.cutWatches()
          default: lab.sandbox.server.dropConnections()
          }
          try await lab.untilCondition("Ready", of: "round-\(round)")
          try await lab.expectOnePull(of: images, on: nodes, fault)
        }
      }
    }
  }

  @Test("Every write meets a conflict or a failing server, and is done in the end", arguments: [409, 500])
  func failingWrites(status: Int) async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(3)
      let seen = Mutex<[String: Int]>([:])
      lab.sandbox.server.faults.fail(status, times: 1000) { key in
        guard key.client == "controller", key.isWrite, key.resource != "events" else { return false }
        // The first of each kind.
        return seen.withLock { seen in
          seen[key.description, default: 0] += 1
          return seen[key.description, default: 0] <= 1
        }
      }
      try await lab.withController {
        try await lab.make("web", images)
        try await lab.untilCondition("Ready", of: "web")
        try await lab.expectOnePull(of: images, on: nodes)
        try await lab.client.delete(Prepull.self, "web", in: "default")
        try await lab.until("all is gone") {
          lab.objects(Prepull.self).isEmpty && lab.pods.isEmpty && lab.objects(WarmNode.self).isEmpty
        }
        #expect(seen.withLock { $0.count } >= 6)
      }
    }
  }

  @Test("An API server that takes 2 s for each call slows it down and nothing else")
  func slowServer() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(2)
      try await lab.withController {
        try await lab.make("first", [images[0]])
        try await lab.untilCondition("Ready", of: "first")
        lab.sandbox.server.faults.delay(.seconds(2))
        try await lab.make("web", images)
        try await lab.untilCondition("Ready", of: "web")
        lab.sandbox.server.faults.delay(nil)
        try await lab.expectOnePull(of: images, on: nodes)
      }
    }
  }

  @Test("A clock that is wrong by 5 minutes changes nothing", arguments: [-300.0, 300.0])
  func clockSkew(seconds: Double) async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1), skew: seconds) { lab in
      let image = try lab.sandbox.registry.addModelled("lab/big", tag: "v1", layers: [2_000_000_000]).description
      try await lab.withController {
        try await lab.make("web", [image]) { $0.gate = Prepull.Gate(startupTaint: "example.com/cold", deadline: "60s") }
        var template = NodeTemplate("gated")
        template.taints = [Taint(key: "example.com/cold", effect: "NoSchedule")]
        try await lab.sandbox.addNode(template)
        try await lab.until("the gate is open") { lab.node("gated")?.spec?.taints?.isEmpty ?? true }
        try await lab.until("it was opened as it is warm") { lab.metrics.gateWait.count("Warm") == 1 }
        try await lab.untilCondition("Ready", of: "web")
        try await lab.expectOnePull(of: [image], on: ["gated", "node-1"])
      }
    }
  }

  @Test("A node that flaps is warm in the end, with one pull")
  func flappingNode() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let image = try lab.sandbox.registry.addModelled("lab/big", tag: "v1", layers: [1_000_000_000]).description
      try await lab.withController {
        try await lab.make("web", [image])
        for _ in 1...5 {
          try await lab.sandbox.setReady("node-2", false)
          try await Task.sleep(for: .milliseconds(60))
          try await lab.sandbox.setReady("node-2", true)
          try await Task.sleep(for: .milliseconds(60))
        }
        try await lab.untilCondition("Ready", of: "web")
        try await lab.expectOnePull(of: [image], on: nodes)
      }
    }
  }

  @Test("A node replaced under its name is another machine: all is pulled there anew")
  func nodeReplaced() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(2)
      try await lab.withController {
        try await lab.make("web", images)
        try await lab.untilCondition("Ready", of: "web")
        try await lab.sandbox.replaceNode("node-2")
        let uid = try #require(lab.node("node-2")?.metadata.uid)
        try await lab.until("the new machine is warm") {
          let status = lab.objects(WarmNode.self).first { $0.metadata.name == "node-2" }?.status
          return status?.nodeUID == uid && status?.warm == 2
        }
        try await lab.untilCondition("Ready", of: "web")
        try await lab.expectOnePull(of: images, on: nodes)
      }
    }
  }

  @Test("While the registry is down nodes are not worn out, and when it is back all become warm")
  func registryDown() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(2)
      lab.sandbox.registry.inject(.status(503))
      try await lab.withController {
        try await lab.make("web", images)
        // Long enough for several tries, each later than the one before.
        try await lab.until("tries that failed") {
          lab.metrics.registry.text.contains("prepull_image_pull_failures_total{")
        }
        try await Task.sleep(for: .seconds(2))
        lab.sandbox.registry.clearFaults()
        try await lab.untilCondition("Ready", of: "web")
        try await lab.untilCondition("Degraded", false, of: "web")
        try await lab.expectOnePull(of: images, on: nodes)
      }
    }
  }

  @Test("A registry that lies about a digest is not believed")
  func lyingRegistry() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2), isModelled: false) { lab in
      let image = try #require(lab.sandbox.sampleImages.first { $0.contains("web:1.27") })
      let lie = "sha256:" + String(repeating: "0", count: 64)
      lab.sandbox.registry.inject(.headers(["Docker-Content-Digest": lie])) { $0.path.contains("/manifests/") }
      try await lab.withController {
        try await lab.make("web", [image])
        try await lab.until("it is said that something is wrong") {
          try await lab.prepull("web").status?.images?.first?.reason != nil
        }
        #expect(try await lab.prepull("web").status?.images?.first?.digest != lie)
        #expect(try await lab.prepull("web").status?.conditions?["Ready"]?.isTrue != true)
        lab.sandbox.registry.clearFaults()
        try await lab.untilCondition("Ready", of: "web")
      }
    }
  }

  @Test("A Prepull edited again and again while it rolls out becomes what it says last")
  func edits() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(8)
      try await lab.withController {
        try await lab.make("web", [images[0]])
        for count in 2...8 {
          try await lab.edit("web", ["images": .array(images.prefix(count).map { ["image": .string($0)] })])
          try await Task.sleep(for: .milliseconds(40))
        }
        try await lab.edit("web", ["priority": 7])
        try await lab.untilCondition("Ready", of: "web")
        #expect(try await lab.prepull("web").status?.images?.count == 8)
        try await lab.expectOnePull(of: images, on: nodes)
      }
    }
  }

  @Test("50 Prepulls that overlap pull each image once on each node")
  func overlap() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(3)) { lab in
      let images = try lab.images(10)
      try await lab.withController {
        for number in 0..<50 {
          try await lab.make("web-\(number)", (0..<3).map { images[(number + $0) % 10] }) { $0.priority = number % 3 }
        }
        try await lab.until("all are ready") {
          lab.objects(Prepull.self).allSatisfy { $0.status?.conditions?["Ready"]?.isTrue ?? false }
        }
        try await lab.expectOnePull(of: images, on: nodes)
        try await lab.until("no pods") { lab.pods.isEmpty }
      }
    }
  }

  @Test("1,000 nodes that join within a minute are all warmed, with few writes")
  func manyNodes() async throws {
    try await ControllerLab.with([], speed: 100) { lab in
      let images = try lab.images(5)
      try await lab.withController {
        try await lab.make("web", images)
        for template in NodeTemplate.numbered(1000) { try await lab.sandbox.addNode(template) }
        try await lab.until("all are warm", limit: .seconds(240)) {
          try await lab.prepull("web").status?.nodes?.warm == 1000
        }
        for node in ["node-1", "node-500", "node-1000"] { try await lab.expectOnePull(of: images, on: [node]) }
        // Pod made, WarmNode made and its status written, condition of the node, pod deleted: whatever the number of images.
        #expect(lab.writes() < 1000 * 6 + 400)
      }
    }
  }
}
