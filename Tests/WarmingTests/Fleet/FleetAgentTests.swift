import ImageModel
import Kubernetes
import Testing
import Warming

/// Plans whose nodes pull by agents.
@Suite("Fleet machine: agents", .timeLimit(.minutes(2)))
struct FleetAgentTests {
  let web = PrepullID.named("web")
  let digest = FleetWorld.digest(1)

  private func world(_ agent: FleetNode.Agent = .ready, age: Duration = .seconds(3600)) -> FleetWorld {
    var world = FleetWorld()
    for reference in ["r/a:1", "r/b:1"] { world.registry[reference] = .has(digest) }
    world.addNode("n0", age: age)
    world.nodes["n0"]?.agent = agent
    world.seeNode("n0")
    return world
  }

  private func plan(fallsBack: Bool = false, _ change: (inout FleetPlan) -> Void = { _ in }) -> FleetPlan {
    .of(["r/a:1", "r/b:1"], digest: digest) { plan in
      plan.engine = .agent(fallsBack: fallsBack)
      plan.verifyEvery = .seconds(100)
      change(&plan)
    }
  }

  @Test("A tag that moves is pulled again by as many agents at a time as the plan allows, and in no closed window")
  func movedTag() {
    var world = FleetWorld()
    world.registry["r/a:1"] = .has(digest)
    for number in 0..<9 {
      world.addNode("n\(number)", age: .seconds(3600))
      world.nodes["n\(number)"]?.agent = .ready
      world.seeNode("n\(number)")
    }
    func plan(_ digest: Digest, isClosed: Bool = false) -> FleetPlan {
      .of(["r/a:1"], digest: digest) {
        $0.engine = .agent(fallsBack: false)
        ($0.refreshes, $0.parallelism, $0.isClosed) = (true, .nodes(3), isClosed)
      }
    }
    world.setPlan(web, plan(digest))
    world.settle(within: .seconds(600))
    #expect(world.summary(web).isReady)
    let next = FleetWorld.digest(2)
    world.registry["r/a:1"] = .has(next)
    world.setPlan(web, plan(next, isClosed: true))
    world.performAll()
    #expect(world.wishes.values.joined().allSatisfy { !$0.refreshes })
    world.setPlan(web, plan(next))
    world.performAll()
    #expect(world.wishes.filter { $0.value.contains(where: \.refreshes) }.count == 3)
    world.settle(within: .seconds(600))
    #expect(world.nodes.values.allSatisfy { $0.held["r/a:1"] == next })
    #expect(world.complaints.isEmpty, "\(world.complaints.prefix(3))")
  }

  @Test("An agent is asked for the images in their order, once, and no pod proves them again")
  func asks() {
    var world = world()
    world.setPlan(web, plan())
    world.run(.seconds(600))
    #expect(world.orders.count == 1 && world.orders[0].isForAgent)
    #expect(world.summary(web).isReady)
    let wishes = world.wishes["n0"] ?? []
    #expect(wishes.map(\.reference) == ["r/a:1", "r/b:1"])
    #expect(wishes.allSatisfy { $0.digests == [digest.description] && $0.prepulls == [web] })
    // One for the wave: wishes stay while the images are held.
    #expect(world.wishWrites == 1)
    #expect(world.complaints.isEmpty)
  }

  @Test("Nodes take turns by the plan's parallelism as for kubelets")
  func waves() {
    var world = world()
    for number in 1...4 {
      world.addNode("n\(number)")
      world.nodes["n\(number)"]?.agent = .ready
      world.seeNode("n\(number)")
    }
    world.setPlan(web, plan { $0.parallelism = .nodes(2) })
    #expect(world.orders.count == 2)
    world.run(.seconds(2))
    #expect(world.wishes.count == 2)
    world.run(.seconds(60))
    #expect(world.summary(web).nodes.warm == 5)
    #expect(world.complaints.isEmpty)
  }

  @Test("A node without an agent is left to its kubelet, or unsupported with the reason", arguments: [true, false])
  func without(fallsBack: Bool) {
    var world = world(.none)
    world.setPlan(web, plan(fallsBack: fallsBack))
    world.run(.seconds(30))
    let nodes = world.summary(web).nodes
    if fallsBack {
      #expect(world.orders.map(\.isForAgent) == [false] && nodes.warm == 1)
    } else {
      #expect(world.orders.isEmpty && nodes.unsupported == 1 && nodes.withoutAgent == 1)
      // It comes.
      world.nodes["n0"]?.agent = .ready
      world.seeNode("n0")
      world.run(.seconds(30))
      #expect(world.summary(web).isReady && world.summary(web).nodes.withoutAgent == 0)
    }
    #expect(world.complaints.isEmpty)
  }

  @Test("The agent of a new node is waited for, and one that never gets ready only where no kubelet may step in")
  func grace() {
    for fallsBack in [true, false] {
      var world = world(.none, age: .zero)
      world.setPlan(web, plan(fallsBack: fallsBack))
      world.run(.seconds(50))
      #expect(world.orders.isEmpty && world.summary(web).blocked == [.agent: 1])
      world.nodes["n0"]?.agent = .starting
      world.seeNode("n0")
      world.run(.seconds(250))
      #expect(world.orders.isEmpty && world.summary(web).blocked == [.agent: 1])
      world.run(.seconds(100))
      #expect(world.orders.isEmpty != fallsBack)
      #expect(world.summary(web).nodes.unsupported == 0)
      #expect(world.complaints.isEmpty)
    }
  }

  @Test("An agent that vanishes amid an order ends it, without blame of the image")
  func vanishes() {
    var world = world()
    world.pullTime = .seconds(1000)
    world.setPlan(web, plan())
    world.run(.seconds(5))
    #expect(world.summary(web).nodes.pulling == 1)
    world.nodes["n0"]?.agent = .none
    world.seeNode("n0")
    world.run(.seconds(5))
    #expect(world.summary(web).nodes.pulling == 0)
    #expect(world.summary(web).images.allSatisfy { $0.lastFailure == nil })
    #expect(
      world.news.contains { if case .podLost(_, _, let reason, _) = $0 { reason.contains("agent") } else { false } })
  }

  @Test("What an agent lost is not warm, and is again when it says so, without an order")
  func losses() {
    var world = world()
    world.setPlan(web, plan())
    world.run(.seconds(30))
    world.forgetActions()
    world.nodes["n0"]?.held["r/a:1"] = nil
    world.nodes["n0"]?.hasDiskPressure = true
    world.seeNode("n0")
    world.run(.seconds(5))
    #expect(world.summary(web).images[0].warm == 0 && world.orders.isEmpty)
    #expect(world.summary(web).blocked == [.disk: 1])
    #expect(world.news.contains(.imageLost(web, node: "n0", reference: "r/a:1")))
    world.nodes["n0"]?.hasDiskPressure = false
    world.seeNode("n0")
    world.run(.seconds(10))
    #expect(world.summary(web).isReady)
    #expect(world.complaints.isEmpty)
  }

  @Test("An agent that rests after losses is left in peace until its time")
  func rests() throws {
    var world = world()
    world.setPlan(web, plan())
    world.run(.seconds(30))
    let uid = try #require(world.nodes["n0"]?.facts.uid)
    world.forgetActions()
    let failure = WarmFailure(code: "imagesLost", detail: "lost three times within an hour", remedy: "")
    let until = world.now + .seconds(900)
    world.nodes["n0"]?.agent = .starting
    world.tell(
      .agentSaid(node: "n0", nodeUID: uid, [AgentImage(reference: "r/a:1", state: .resting(failure, until: until))]))
    world.performAll()
    #expect(world.orders.isEmpty && world.summary(web).images[0].lastFailure?.code == "imagesLost")
  }

  @Test("A kubelet that collects an image time and again is left in peace for a while")
  func kubeletLosses() {
    var world = world(.none)
    world.setPlan(web, .of(["r/a:1"], digest: digest) { $0.verifyEvery = .seconds(300) })
    for _ in 0..<3 {
      world.run(.seconds(360))
      world.nodes["n0"]?.held = [:]
    }
    world.forgetActions()
    world.run(.seconds(400))
    #expect(world.summary(web).images[0].lastFailure?.code == "keepsVanishing")
    #expect(world.orders.filter { $0.purpose == .pull }.isEmpty)
    world.run(.seconds(900))
    #expect(world.orders.filter { $0.purpose == .pull }.count == 1 && world.summary(web).isReady)
  }

  @Test("Nothing is pulled by a kubelet under disk pressure")
  func pressure() {
    var world = world(.none)
    world.nodes["n0"]?.hasDiskPressure = true
    world.seeNode("n0")
    world.setPlan(web, .of(["r/a:1"], digest: digest))
    world.run(.seconds(60))
    #expect(world.orders.isEmpty && world.summary(web).blocked == [.disk: 1])
    world.nodes["n0"]?.hasDiskPressure = false
    world.seeNode("n0")
    world.run(.seconds(20))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
  }

  @Test("What an agent cannot pull for want of a pod's token goes to the kubelet, and the rest stays with the agent")
  func needsKubelet() {
    var world = world()
    world.setPlan(web, plan(fallsBack: true))
    world.run(.milliseconds(100))
    guard let id = world.pods.keys.first, var pod = world.pods[id]?.seen else {
      Issue.record("nothing was ordered")
      return
    }
    let failure = WarmFailure(
      code: AgentWish.needsKubelet, detail: "its credentials need a pod's own token", remedy: "")
    pod.images[0].report = .failing(failure, .passing, count: 1)
    pod.images[1].report = .held(digest)
    world.nodes["n0"]?.held["r/b:1"] = digest
    world.pods[id]?.seen = pod
    world.tell(.pod(pod))
    world.run(.seconds(30))
    #expect(world.orders.map(\.isForAgent) == [true, false])
    #expect(world.orders.last?.images.map(\.reference) == ["r/a:1"])
    #expect(world.summary(web).isReady && world.summary(web).images[0].lastFailure == nil)
    #expect(world.wishes["n0"]?.map(\.reference) == ["r/b:1"])
    #expect(world.complaints.isEmpty)
  }

  @Test("Another controller goes on with the orders that there are")
  func restart() {
    var world = world()
    world.pullTime = .seconds(20)
    world.setPlan(web, plan())
    world.run(.seconds(5))
    world.restart()
    world.run(.seconds(60))
    #expect(world.orders.count == 1 && world.summary(web).isReady)
    world.restart()
    world.run(.seconds(60))
    #expect(world.orders.count == 1 && world.summary(web).isReady)
    #expect(world.complaints.isEmpty)
  }

  @Test("After an hour away it asks only the nodes that came meanwhile, all others hold what their agents kept")
  func hourAway() {
    var world = world()
    for number in 1...3 {
      world.addNode("n\(number)", age: .seconds(3600))
      world.nodes["n\(number)"]?.agent = .ready
      world.seeNode("n\(number)")
    }
    world.setPlan(web, plan())
    world.settle(within: .seconds(99))
    #expect(world.summary(web).isReady)
    let before = world.wishes
    world.now += .seconds(3600)
    // What n0 lost its agent has again, n1 lost it just now, n2 is another machine, n3 is gone, n4 has joined.
    world.nodes["n1"]?.held["r/a:1"] = nil
    for name in ["n2", "n3"] { world.nodes[name] = nil }
    for name in ["n2", "n4"] {
      world.addNode(name, age: .seconds(1800))
      world.nodes[name]?.agent = .ready
    }
    world.forgetActions()
    world.restart()
    world.settle(within: .seconds(90))
    #expect(world.summary(web).isReady && world.summary(web).nodes.warm == 4)
    #expect(Set(world.orders.map(\.id.node)) == ["n2", "n4"])
    #expect(world.holdsAll("n1", ["r/a:1"]))
    for name in ["n0", "n1"] { #expect(world.wishes[name] == before[name]) }
    #expect(world.complaints.isEmpty, "\(world.complaints.prefix(3))")
  }

  @Test("Wishes go when no Prepull of agents wants them any more", arguments: [true, false])
  func ends(isRemoved: Bool) {
    var world = world()
    world.setPlan(web, plan())
    world.run(.seconds(30))
    if isRemoved {
      world.removePlan(web)
    } else {
      world.setPlan(web, .of(["r/a:1", "r/b:1"], digest: digest) { $0.generation = 2 })
    }
    world.run(.seconds(30))
    #expect(world.wishes["n0"] == [])
    #expect(world.complaints.isEmpty)
  }
}
