import ImageModel
import Warming
import Testing

@Suite("Fleet machine: failures", .timeLimit(.minutes(10)))
struct FleetFailureTests {
  let web = PrepullID.named("web")
  let one = FleetWorld.digest(1)

  private func world(_ nodes: Int, _ answers: [String: FleetWorld.Answer]) -> FleetWorld {
    var world = FleetWorld()
    world.registry = answers
    for node in 0..<nodes { world.addNode("n\(node)") }
    return world
  }

  @Test("An image that fails does not keep the others; it is tried again by a growing back-off, kept in the record")
  func backOff() throws {
    var world = world(1, ["r/a": FleetWorld.down, "r/b": .has(one)])
    world.setPlan(web, .of(["r/a", "r/b"], digest: one))
    world.run(.seconds(25))
    let record = try #require(world.records["n0"])
    #expect(record.images.map(\.state) == [.pending, .warm])
    #expect(record.images[0].failures.map(\.tries) == [1])
    #expect(world.summary(web).nodes.pending == 1 && world.summary(web).blocked == [.backingOff: 1])
    // 30 s, 1 m, 2 m, 4 m, 8 m, then 15 m for ever: the fifth makes it fail.
    world.run(.seconds(3600), step: .seconds(2))
    #expect((8...9).contains(world.orders.count))
    #expect(world.orders.dropFirst().allSatisfy { $0.images.map(\.reference) == ["r/a"] })
    #expect(world.summary(web).nodes.failed == 1)
    #expect(world.summary(web).images[0].lastFailure?.code == "unreachable")
    #expect(world.summary(web).images[0].failedNode == "n0")
    world.registry["r/a"] = .has(one)
    world.run(.seconds(960), step: .seconds(2))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
    #expect(world.records["n0"]?.images[0].failures == [])
  }

  @Test("A registry that is down for an hour costs few tries, and all is warm soon after")
  func registryDown() {
    let images = ["r/a", "r/b", "r/c"]
    var world = world(50, Dictionary(uniqueKeysWithValues: images.map { ($0, FleetWorld.down) }))
    world.setPlan(web, .of(images, digest: one))
    world.run(.seconds(3600), step: .seconds(2))
    #expect(world.pulls.isEmpty && world.summary(web).nodes.warm == 0)
    #expect(world.orders.count < 50 * 12)
    for image in images { world.registry[image] = .has(one) }
    world.run(.seconds(1200), step: .seconds(2))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
    #expect(world.pulls.count == 150 && world.pulls.values.allSatisfy { $0 == 1 })
  }

  @Test("A failure is shown as long as one node has it, whoever met it last")
  func lastFailure() throws {
    var world = world(2, ["r/a": FleetWorld.down])
    world.setPlan(web, .of(["r/a"], digest: one) { $0.retries = 1 })
    world.run(.seconds(60))
    #expect(world.summary(web).nodes.failed == 2)
    let first = try #require(world.summary(web).images[0].failedNode)
    world.removeNode(first)
    world.run(.seconds(2))
    let image = world.summary(web).images[0]
    #expect(image.failed == 1 && image.lastFailure?.code == "unreachable")
    #expect(image.failedNode != nil && image.failedNode != first)
  }

  @Test("A restart keeps the back-off, and counts no failure twice")
  func backOffOverRestarts() {
    var world = world(1, ["r/a": FleetWorld.down])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(14))
    // The pod has failed twice, which is recorded; the process dies before the pod is deleted.
    world.dropPending()
    for _ in 0..<5 {
      world.restart()
      world.run(.seconds(1))
    }
    #expect(world.records["n0"]?.images.first?.failures.first?.tries == 1)
    #expect(world.orders.count == 1)
  }

  @Test("An image that its registry does not have is refused after three nodes, and the others go on")
  func refusal() {
    var world = world(20, ["r/a": .has(one), "r/none": FleetWorld.notFound])
    world.setPlan(web, .of(["r/none", "r/a"], digest: one) { $0.parallelism = .nodes(3) })
    world.run(.seconds(120))
    #expect(world.orders.filter { $0.images.contains { $0.reference == "r/none" } }.count <= 7)
    #expect(world.summary(web).images[0].refusal?.code == "notFound")
    #expect(world.summary(web).images.map(\.warm) == [0, 20])
    #expect(!world.summary(web).isPaused)
    // It comes: the next node that looks finds it, and all the others follow.
    world.registry["r/none"] = .has(one)
    world.run(.seconds(1000), step: .seconds(2))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
    #expect(world.news.contains(.refusalLifted(web, reference: "r/none")))
  }

  @Test("A refused image is tried by one node at a time, ever more rarely")
  func probes() {
    var world = world(10, ["r/none": FleetWorld.notFound])
    world.setPlan(web, .of(["r/none"]))
    world.run(.seconds(60))
    world.forgetActions()
    world.run(.seconds(4 * 3600), step: .seconds(5))
    #expect((12...24).contains(world.orders.count))
  }

  @Test("Where the registry itself says no, one node tries before any other")
  func registryRefusal() {
    var world = world(10, ["r/none": FleetWorld.notFound])
    var image = FleetImage(reference: "r/none", registry: "r")
    image.refusal = FleetWorld.failure("notFound")
    var plan = FleetPlan(generation: 1, images: [image], createdAt: .zero)
    world.setPlan(web, plan)
    world.run(.seconds(10))
    #expect(world.orders.count == 1)
    #expect(world.summary(web).images[0].refusal != nil)
    // The registry has it now.
    world.registry["r/none"] = .has(one)
    plan.images = [FleetImage(reference: "r/none", registry: "r")]
    world.setPlan(web, plan)
    world.run(.seconds(100))
    #expect(world.summary(web).isReady)
  }

  @Test("An edit makes failed images due at once")
  func edit() {
    var world = world(3, ["r/a": FleetWorld.notFound])
    world.setPlan(web, .of(["r/a"]))
    world.run(.seconds(60))
    #expect(world.summary(web).images[0].refusal != nil)
    world.registry["r/a"] = .has(one)
    world.setPlan(web, .of(["r/a"]) { $0.generation = 2 })
    world.run(.seconds(30))
    #expect(world.summary(web).isReady)
  }

  @Test("Too many failed nodes pause the rest; it goes on when they recover")
  func maxFailures() {
    var world = world(20, ["r/a": FleetWorld.down])
    world.setPlan(
      web,
      .of(["r/a"], digest: one) {
        $0.parallelism = .nodes(5)
        $0.retries = 1
      })
    world.run(.seconds(600))
    #expect(world.summary(web).isPaused)
    #expect(Set(world.orders.map(\.id.node)).count == 5)
    #expect(world.summary(web).blocked[.paused] == 15)
    world.registry["r/a"] = .has(one)
    world.run(.seconds(1000))
    #expect(!world.summary(web).isPaused && world.summary(web).isReady)
  }

  @Test("A full node is no failure of an image: it is tried again later")
  func fullNode() {
    var world = world(2, ["r/a": .has(one)])
    world.nodes["n0"]?.isFull = true
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(10))
    // What the scheduler does not place pulls nothing.
    #expect(world.pods.count == 1)
    #expect(world.summary(web).nodes.pulling == 0 && world.summary(web).nodes.pending == 1)
    #expect(world.summary(web).blockedExample == "n0: Insufficient pods")
    world.run(.seconds(70))
    #expect(world.pods.isEmpty)
    #expect(world.summary(web).nodes.pending == 1 && world.summary(web).blocked == [.noRoom: 1])
    #expect(world.summary(web).blockedExample == "n0: Insufficient pods")
    #expect(world.records["n0"] == nil)
    world.nodes["n0"]?.isFull = false
    world.run(.seconds(100))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
  }

  @Test("Pods that are evicted, or deleted by somebody, are made anew after a wait")
  func lostPods() throws {
    var world = world(2, ["r/a": .has(one)])
    world.pullTime = .seconds(20)
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(2))
    let first = try #require(world.pods.keys.first { $0.node == "n0" })
    let second = try #require(world.pods.keys.first { $0.node == "n1" })
    var evicted = try #require(world.pods[first]).seen
    evicted.phase = .failed(reason: "Evicted: disk pressure")
    world.pods[first]?.seen = evicted
    world.tell(.pod(evicted))
    let deleted = try #require(world.pods[second]).seen
    world.pods[second] = nil
    world.tell(.podGone(second, uid: deleted.uid))
    world.run(.seconds(20))
    #expect(world.orders.count == 2)
    world.run(.seconds(60))
    #expect(world.orders.count == 4)
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
    #expect(world.records.values.allSatisfy { $0.images.allSatisfy { $0.failures.isEmpty } })
  }

  @Test("A pull that takes longer than the plan allows counts as failed")
  func timeout() {
    var world = world(1, [:])
    world.setPlan(web, .of(["r/a"], digest: one) { $0.timeout = .seconds(120) })
    world.run(.seconds(130))
    #expect(world.records["n0"]?.images[0].failures.first?.failure.code == "timedOut")
    #expect(world.records["n0"]?.images[0].failures.first?.tries == 1)
  }

  @Test("Pods that the API server refuses are not asked for without end")
  func refusedPods() {
    var world = world(5, ["r/a": .has(one)])
    world.setPlan(web, .of(["r/a"], digest: one))
    let ids = world.orders.map(\.id)
    #expect(ids.count == 5)
    world.dropPending()
    for id in ids { world.tell(.podRefused(id, .final(FleetWorld.failure("forbidden")))) }
    #expect(world.summary(web).obstacle?.code == "forbidden")
    #expect(world.summary(web).blocked == [.refused: 5])
    world.forgetActions()
    for _ in 0..<60 {
      world.now += .seconds(1)
      world.tell(.tick)
      for order in world.orders { world.tell(.podRefused(order.id, .final(FleetWorld.failure("forbidden")))) }
      if world.orders.count > 1 { break }
    }
    #expect(world.orders.count <= 1)
    world.dropPending()
    world.run(.seconds(1000))
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
  }

  @Test("A create that nobody answered is asked for again, and adopts what it made")
  func unansweredCreate() throws {
    var world = world(1, ["r/a": .has(one)])
    world.setPlan(web, .of(["r/a"], digest: one))
    let order = try #require(world.orders.first)
    world.dropPending()
    world.tell(.podRefused(order.id, .passing(after: .seconds(2))))
    world.run(.seconds(20))
    #expect(world.orders.count == 2)
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
  }

  @Test("Failures of one Prepull say nothing about another with other credentials")
  func ownFailures() {
    var world = world(1, ["r/a": FleetWorld.down])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(20))
    world.registry["r/a"] = .has(one)
    let other = PrepullID.named("other")
    world.setPlan(other, .of(["r/a"], digest: one))
    world.run(.seconds(10))
    #expect(world.orders.count == 2 && world.orders[1].id.prepull == other)
    #expect(world.summary(web).isReady && world.summary(other).isReady)
  }
}
