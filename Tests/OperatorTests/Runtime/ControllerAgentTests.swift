import Documents
import Foundation
import Kubernetes
@testable import Operator
@testable import PrepullAPI
import Testing
import VirtualCluster
import Warming

/// The operator with agents, of which a stand-in says by the API what it holds.
@Suite("The operator and agents", .timeLimit(.minutes(5)))
struct ControllerAgentTests {
  private static let namespace = "prepull-agent"

  private func with(_ nodes: Int = 1, _ body: (ControllerLab) async throws -> Void) async throws {
    try await ControllerLab.with(
      NodeTemplate.numbered(nodes),
      change: { options in
        options.agentNamespace = Self.namespace
        options.tokenAddress = "127.0.0.1:0"
      }
    ) { lab in
      _ = try await lab.client.create(Namespace(metadata: ObjectMeta(name: Self.namespace)))
      try await body(lab)
    }
  }

  /// A pod that is the agent of a node.
  private func addAgent(_ lab: ControllerLab, on node: String) async throws {
    let image = try lab.images(1, seed: "agent")[0]
    var spec = PodSpec(containers: [Container(name: "agent", image: image)])
    spec.nodeName = node
    let labels = ["app.kubernetes.io/name": "prepull", "app.kubernetes.io/component": "agent"]
    let pod = Pod(
      metadata: ObjectMeta(name: "agent-\(node)", namespace: Self.namespace, labels: StringMap(labels)), spec: spec)
    _ = try await lab.client.create(pod)
  }

  private func spec(_ lab: ControllerLab, _ node: String) -> WarmNode.Spec? {
    lab.objects(WarmNode.self).first { $0.metadata.name == node }?.spec
  }

  /// Makes a Prepull of agents, and waits until that of node-1 is asked for all its images.
  private func ask(_ lab: ControllerLab, _ images: [String], for prepull: String = "web") async throws {
    try await lab.make(prepull, images) { $0.engine = "Agent" }
    try await lab.until("the agent is asked") { spec(lab, "node-1")?.images?.count == images.count }
  }

  /// Says, as the agent of a node does, how its wishes stand.
  private func say(
    _ lab: ControllerLab, on node: String, _ change: (inout WarmNode.Held) -> Void = { _ in }
  ) async throws {
    var agent = WarmNode.Agent()
    agent.nodeUID = lab.node(node)?.metadata.uid
    agent.runtime = "containerd 2.1.9"
    agent.images = (spec(lab, node)?.images ?? []).map { wish in
      var held = WarmNode.Held(image: wish.image, state: .warm)
      (held.order, held.digest, held.pullSeconds, held.pulledBytes) = (wish.order, wish.digests?.first, 2, 1000)
      change(&held)
      return held
    }
    var part = WarmNode(metadata: ObjectMeta(name: node))
    part.status = WarmNode.Status()
    part.status?.agent = agent
    _ = try await lab.client.apply(part, subresource: "status", fieldManager: "prepull-agent")
  }

  @Test(
    "An agent is asked by the WarmNode, and what it says makes the node warm; no pod is made, and both keep their parts"
  )
  func warms() async throws {
    try await with { lab in
      let images = try lab.images(3)
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await ask(lab, images)
        let wishes = spec(lab, "node-1")?.images ?? []
        #expect(wishes.map(\.image) == images)
        #expect(wishes.allSatisfy { $0.prepulls == ["default/web"] && $0.order != nil && $0.digests?.isEmpty == false })
        try await lab.until("it is shown as pulling") { try await lab.prepull("web").status?.nodes?.pulling == 1 }
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "web")
        try await lab.until("the record is stored") {
          lab.objects(WarmNode.self).first?.status?.images?.allSatisfy { $0.state == .warm } ?? false
        }
        let node = lab.objects(WarmNode.self).first
        #expect(node?.status?.agent?.runtime == "containerd 2.1.9")
        #expect(node?.status?.images?.first?.pullSeconds == 2)
        #expect(lab.pods.isEmpty)
        // Asked once, recorded once, and the condition of the node.
        #expect(lab.writes(nil, "warmnodes") <= 3)
      }
    }
  }

  @Test("A failure of an agent is that of the image, tried again by another order")
  func fails() async throws {
    try await with { lab in
      let images = try lab.images(1)
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await lab.make("web", images) { $0.engine = "Agent" }
        try await lab.until("the agent is asked") { spec(lab, "node-1")?.images?.first?.order != nil }
        let first = spec(lab, "node-1")?.images?.first?.order
        try await say(lab, on: "node-1") { held in
          (held.state, held.digest, held.reason, held.message) = (
            .failed, nil, "NoSpace", "the disk is full. Free some."
          )
        }
        try await lab.until("it is asked again") {
          let order = spec(lab, "node-1")?.images?.first?.order
          return order != nil && order != first
        }
        let image = try await lab.prepull("web").status?.images?.first
        #expect(image?.reason == "NoSpace" && image?.message?.contains("the disk is full") == true)
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "web")
      }
    }
  }

  @Test("Kubelets step in for nodes without an agent where that is asked for, else these are unsupported")
  func fallback() async throws {
    try await with(2) { lab in
      let images = try lab.images(2)
      try await addAgent(lab, on: "node-1")
      try await lab.withController { options in
        options.limits.agentGracePeriod = .zero
      } _: {
        try await ask(lab, images, for: "strict")
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "strict")
        let status = try await lab.prepull("strict").status
        #expect(status?.nodes?.unsupported == 1 && status?.nodes?.warm == 1)
        #expect(status?.conditions?["Ready"]?.message.contains("prepull install --agent") == true)
        #expect(spec(lab, "node-2")?.images == nil)
        try await lab.make("lenient", images) { spec in
          (spec.engine, spec.fallback) = ("Agent", "Kubelet")
        }
        try await lab.until("both are warm") { try await lab.prepull("lenient").status?.nodes?.warm == 2 }
        try await lab.expectOnePull(of: images, on: ["node-2"])
        #expect(try await lab.sandbox.pulls(on: "node-1").keys.allSatisfy { !images.contains($0) })
      }
    }
  }

  @Test("A controller that takes over goes on with what the agent was asked for, and asks for nothing anew")
  func takeover() async throws {
    try await with { lab in
      let images = try lab.images(2)
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await ask(lab, images)
      }
      let before = spec(lab, "node-1")
      // It says so while nobody leads.
      try await say(lab, on: "node-1")
      try await lab.withController {
        try await lab.untilCondition("Ready", of: "web")
        #expect(spec(lab, "node-1") == before)
        #expect(lab.pods.isEmpty)
      }
    }
  }

  @Test("After an hour away the operator believes what agents wrote meanwhile, and asks only the node that joined")
  func away() async throws {
    try await with { lab in
      let images = try lab.images(2)
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await ask(lab, images)
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "web")
      }
      let before = spec(lab, "node-1")
      let hourAgo = Timestamp.seconds(Date(timeIntervalSinceNow: -3600))
      try await say(lab, on: "node-1") { ($0.warmSince, $0.losses) = (hourAgo, 2) }
      try await lab.sandbox.addNode(NodeTemplate("node-2"))
      try await addAgent(lab, on: "node-2")
      try await lab.withController {
        try await lab.until("the new agent is asked") { spec(lab, "node-2")?.images?.count == 2 }
        #expect(try await lab.prepull("web").status?.nodes?.warm == 1)
        try await say(lab, on: "node-2")
        try await lab.untilCondition("Ready", of: "web")
        #expect(spec(lab, "node-1") == before)
        #expect(lab.pods.isEmpty)
      }
    }
  }

  @Test(
    "Images that the agent lost count as cold until it has them again, and a Prepull that goes takes its wishes along")
  func losesAndLeaves() async throws {
    try await with { lab in
      let images = try lab.images(2)
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await lab.make("web", images) { spec in
          (spec.engine, spec.removal) = ("Agent", "Unused")
        }
        try await lab.until("the agent is asked") { spec(lab, "node-1")?.images?.count == 2 }
        #expect(spec(lab, "node-1")?.images?.allSatisfy { $0.removal == "Unused" } == true)
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "web")
        try await say(lab, on: "node-1") { if $0.image == images[0] { ($0.state, $0.digest) = (.lost, nil) } }
        try await lab.untilCondition("Ready", false, of: "web")
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "web")
        try await lab.client.delete(Prepull.self, "web", in: "default")
        // An agent takes only a word for it that nothing is wanted, and that word stays.
        try await lab.until("it is said that nothing is wanted") { spec(lab, "node-1")?.images == [] }
      }
    }
  }

  @Test("Both engines on one node, both writing, keep what is the other's")
  func both() async throws {
    try await with { lab in
      let (kubelets, agents) = (try lab.images(6, seed: "kubelet"), try lab.images(3, seed: "agents"))
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await ask(lab, agents, for: "agents")
        // The agent writes all the while that pods come and go.
        let talk = Task {
          var round: Int64 = 0
          while !Task.isCancelled {
            round += 1
            try await say(lab, on: "node-1") { held in
              var progress = WarmNode.Progress(completedBytes: round)
              progress.totalBytes = 1_000_000
              (held.state, held.digest, held.progress) = (.pulling, nil, progress)
            }
          }
        }
        try await lab.make("kubelets", kubelets) { $0.priority = 1 }
        try await lab.make("more", try lab.images(2, seed: "more")) { $0.priority = 2 }
        talk.cancel()
        _ = await talk.result
        try await say(lab, on: "node-1")
        for name in ["agents", "kubelets", "more"] { try await lab.untilCondition("Ready", of: name) }
        try await lab.until("all is recorded") {
          let images = lab.objects(WarmNode.self).first?.status?.images ?? []
          return images.count == 11 && images.allSatisfy { $0.state == .warm }
        }
        let node = lab.objects(WarmNode.self).first
        #expect(node?.status?.agent?.images?.count == 3)
        #expect(node?.spec?.images?.map(\.image) == agents)
      }
    }
  }

  @Test("Somebody who deletes the WarmNode has it written again, with what is asked")
  func deleted() async throws {
    try await with { lab in
      let images = try lab.images(1)
      try await addAgent(lab, on: "node-1")
      try await lab.withController {
        try await ask(lab, images)
        try await say(lab, on: "node-1")
        try await lab.untilCondition("Ready", of: "web")
        try await lab.client.delete(WarmNode.self, "node-1")
        try await lab.until("it is there again") { spec(lab, "node-1")?.images?.count == 1 }
      }
    }
  }
}
