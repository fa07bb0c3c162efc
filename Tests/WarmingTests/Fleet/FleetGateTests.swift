import Kubernetes
import Warming
import Testing

@Suite("Fleet machine: gates, checks, restarts", .timeLimit(.minutes(10)))
struct FleetGateTests {
  let web = PrepullID.named("web")
  let one = FleetWorld.digest(1)

  private func world(_ references: [String] = ["r/a"]) -> FleetWorld {
    var world = FleetWorld()
    for reference in references { world.registry[reference] = .has(one) }
    return world
  }

  private func gated(_ references: [String] = ["r/a"], generation: Int64 = 1) -> FleetPlan {
    .of(references, digest: one) {
      $0.generation = generation
      $0.gate = FleetPlan.Gate(taint: "cold", deadline: .seconds(600))
    }
  }

  private func taint(_ facts: inout NodeFacts) {
    facts.taints = [
      NodeFacts.Taint(key: "cold", effect: "NoSchedule"), NodeFacts.Taint(key: "x", effect: "PreferNoSchedule"),
    ]
  }

  // MARK: Gates

  @Test("A gated node loses its taint, and only it, when all images of all Prepulls with that gate are there")
  func opens() throws {
    var world = world(["r/a", "r/b"])
    let other = PrepullID.named("other")
    world.setPlan(web, gated())
    world.setPlan(other, gated(["r/b"]))
    world.addNode("new", age: .seconds(2), taint)
    world.run(.seconds(5))
    #expect(world.openings.isEmpty)
    world.run(.seconds(20))
    let opening = try #require(world.openings.first)
    #expect(opening.reason == .warm && opening.taint == "cold")
    #expect((6...12).contains(opening.waited.components.seconds))
    #expect(world.openings.count == 1)
    #expect(world.nodes["new"]?.facts.taints.map(\.key) == ["x"])
    let gate = try #require(world.records["new"]?.gates.first)
    #expect(gate.openedAt != nil && gate.reason == .warm)
    #expect(world.recordWrites <= 4 && world.complaints.isEmpty)
  }

  @Test("A gate opens after its deadline although the node is cold, also over a restart")
  func deadline() throws {
    for restarts in [false, true] {
      var world = world([])
      world.registry["r/a"] = FleetWorld.down
      world.setPlan(web, gated())
      world.addNode("new", age: .seconds(2), taint)
      world.run(.seconds(300))
      if restarts { world.restart() }
      world.run(.seconds(290))
      #expect(world.openings.isEmpty)
      world.run(.seconds(10))
      #expect(world.openings.map(\.reason) == [.deadlinePassed])
      #expect(world.nodes["new"]?.facts.taints.count == 1)
    }
  }

  @Test("Gated new nodes go before others")
  func goesFirst() {
    var world = world()
    var plan = gated()
    plan.parallelism = .nodes(1)
    for node in 0..<5 { world.addNode("a\(node)") }
    world.setPlan(web, plan)
    world.run(.seconds(2))
    world.addNode("z", age: .seconds(1), taint)
    world.run(.seconds(10))
    #expect(world.orders.map(\.id.node).prefix(2) == ["a0", "z"])
  }

  @Test("A gated node gets its gate's images first and in one pod, whatever the rank of others")
  func gateFirst() {
    var limits = FleetLimits()
    limits.maxPods = 1
    var world = FleetWorld(limits: limits)
    for reference in ["r/a", "r/b", "r/c"] { world.registry[reference] = .has(one) }
    let high = PrepullID.named("high")
    world.setPlan(
      high,
      .of(["r/c"], digest: one) {
        $0.priority = 9
        $0.nodes.tolerations = [TolerationRule(key: "cold")]
      })
    world.setPlan(web, gated(["r/a", "r/b"]))
    // Both wait for the one place there is.
    world.tell(.busy(node: "old", by: "other/pod"))
    world.addNode("old")
    world.addNode("z", age: .seconds(1)) { facts in
      facts.isSchedulable = false
      taint(&facts)
    }
    world.tell(.busy(node: "old", by: nil))
    world.run(.milliseconds(100))
    world.changeNode("z") { $0.isSchedulable = true }
    world.run(.seconds(60))
    let onNew = world.orders.filter { $0.id.node == "z" }
    #expect(onNew.map(\.id.prepull) == [web, high])
    #expect(onNew.first?.images.map(\.reference) == ["r/a", "r/b"])
    #expect(world.orders.map(\.id.node).prefix(2) == ["old", "z"])
    #expect(world.openings.map(\.reason) == [.warm])
    #expect(world.complaints.isEmpty)
  }

  @Test("Pods of others never keep ours off a gated node")
  func gatedNodeYieldsToNobody() {
    var world = world()
    world.setPlan(web, gated())
    world.tell(.busy(node: "new", by: "kube-system/agent-1"))
    world.addNode("new", age: .seconds(1), taint)
    world.run(.seconds(20))
    #expect(world.openings.map(\.reason) == [.warm])
  }

  @Test("A gate whose Prepull is gone opens, although nobody acts while it goes", arguments: [false, true])
  func abandoned(isRestarted: Bool) {
    var world = world([])
    world.setPlan(web, gated())
    world.addNode("new", age: .seconds(2), taint)
    world.run(.seconds(10))
    #expect(world.nodes["new"]?.isMarkedWarm == false)
    world.removePlan(web)
    world.run(.seconds(3))
    #expect(world.openings.isEmpty && world.nodes["new"]?.isMarkedWarm == nil)
    #expect(world.records["new"]?.gates.count == 1 && world.leaving.isEmpty)
    if isRestarted { world.restart() }
    world.run(.seconds(15))
    #expect(world.openings.map(\.reason) == [.unclaimed])
    world.run(.seconds(5))
    #expect(world.records["new"] == nil && world.complaints.isEmpty)
  }

  @Test("A node that failed and is not ready any more pauses nobody")
  func failedNodeLost() {
    var world = FleetWorld()
    world.registry = ["r/a": FleetWorld.down]
    for name in ["n0", "n1", "n2"] { world.addNode(name) }
    world.setPlan(web, .of(["r/a"], digest: FleetWorld.digest(1)) { ($0.maxFailures, $0.retries) = (.nodes(0), 1) })
    world.run(.seconds(20))
    #expect(world.summary(web).isPaused)
    for name in ["n0", "n1", "n2"] {
      world.nodes[name]?.facts.isReady = false
      world.seeNode(name)
    }
    world.run(.seconds(1000), step: .seconds(2))
    #expect(!world.summary(web).isPaused && world.summary(web).failing == 0)
  }

  // MARK: Checks

  @Test("Nodes prove what they hold at most once a period, and what is lost comes again")
  func verify() {
    var world = world(["r/a", "r/b"])
    world.addNode("n0")
    world.setPlan(web, .of(["r/a", "r/b"], digest: one) { $0.verifyEvery = .seconds(3600) })
    world.run(.seconds(20))
    world.nodes["n0"]?.held["r/b"] = nil
    world.forgetActions()
    world.run(.seconds(3500), step: .seconds(5))
    #expect(world.orders.isEmpty)
    world.run(.seconds(600), step: .seconds(1))
    #expect(world.orders.map(\.purpose) == [.verify, .pull])
    #expect(world.orders[0].images.allSatisfy { $0.policy == .never })
    #expect(world.orders[1].images.map(\.reference) == ["r/b"])
    #expect(world.news.contains(.imageLost(web, node: "n0", reference: "r/b")))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
    world.run(.seconds(3 * 3600), step: .seconds(5))
    #expect((4...5).contains(world.orders.count))
  }

  @Test("A hint makes a check due at once, and hints that keep coming do not make it run without end")
  func hints() {
    var world = world()
    world.addNode("n0")
    world.setPlan(web, .of(["r/a"], digest: one) { $0.verifyEvery = .seconds(6 * 3600) })
    world.nodes["n0"]?.listed = ["r/a"]
    world.run(.seconds(20))
    world.seeNode("n0")
    world.nodes["n0"]?.held = [:]
    world.nodes["n0"]?.listed = []
    world.forgetActions()
    world.seeNode("n0")
    world.run(.seconds(20))
    #expect(world.orders.map(\.purpose) == [.verify, .pull])
    for _ in 0..<600 {
      world.tell(.suspect(node: "n0"))
      world.run(.seconds(1))
    }
    #expect((3...5).contains(world.orders.count))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
  }

  @Test("Images of two Prepulls that share a node are checked once each")
  func sharedCheck() {
    var world = world(["r/a", "r/b", "r/c"])
    world.addNode("n0")
    let other = PrepullID.named("other")
    world.setPlan(web, .of(["r/a", "r/b"], digest: one) { $0.verifyEvery = .seconds(3600) })
    world.setPlan(other, .of(["r/b", "r/c"], digest: one) { $0.verifyEvery = .seconds(3600) })
    world.run(.seconds(60))
    world.forgetActions()
    world.run(.seconds(4200), step: .seconds(2))
    #expect(world.orders.map(\.purpose) == [.verify, .verify])
    #expect(world.orders.flatMap { $0.images.map(\.reference) }.sorted() == ["r/a", "r/b", "r/c"])
  }

  // MARK: Restarts

  @Test("A restart on a warm cluster does nothing at all")
  func quietRestart() {
    var world = world(["r/a", "r/b"])
    for node in 0..<5 { world.addNode("n\(node)") }
    world.setPlan(web, .of(["r/a", "r/b"], digest: one) { $0.verifyEvery = .seconds(6 * 3600) })
    world.run(.seconds(30))
    world.forgetActions()
    world.restart()
    let noise = world.actions.filter { if case .summary = $0 { false } else { true } }
    #expect(noise.isEmpty, "\(noise)")
    #expect(world.summary(web).isReady)
  }

  @Test("Nothing is done before all is known")
  func beforeSync() {
    var machine = FleetMachine()
    var actions = machine.handle(.prepull(web, .of(["r/a"])), at: .seconds(1))
    actions += machine.handle(
      .node(FleetNode(facts: NodeFacts(name: "n", uid: "u"), createdAt: .zero)), at: .seconds(1))
    actions += machine.handle(.tick, at: .seconds(100))
    #expect(actions.isEmpty)
    #expect(!machine.handle(.synced, at: .seconds(101)).isEmpty)
  }

  @Test("A Prepull that was deleted while nobody led leaves nothing behind")
  func removedMeanwhile() {
    var world = world(["r/a"])
    world.addNode("n0")
    world.addNode("n1")
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(30))
    world.addNode("n2")
    world.run(.seconds(1))
    world.plans[web] = nil
    world.leaving.insert(web)
    world.restart()
    world.run(.seconds(5))
    #expect(world.pods.isEmpty && world.records.isEmpty && world.leaving.isEmpty && world.complaints.isEmpty)
  }
}
