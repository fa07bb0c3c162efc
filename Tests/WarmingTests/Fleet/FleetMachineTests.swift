import Kubernetes
import Warming
import ImageModel
import Testing

@Suite("Fleet machine: warming", .timeLimit(.minutes(10)))
struct FleetMachineTests {
  let web = PrepullID.named("web")
  let one = FleetWorld.digest(1)
  let two = FleetWorld.digest(2)

  private func world(_ nodes: Int, has references: [String] = ["r/a", "r/b"]) -> FleetWorld {
    var world = FleetWorld()
    for reference in references { world.registry[reference] = .has(one) }
    for node in 0..<nodes { world.addNode("n\(node)") }
    return world
  }

  @Test("Every chosen node gets one pod for all images, its record first and then its deletion")
  func happyPath() throws {
    var world = world(3)
    world.setPlan(web, .of(["r/a", "r/b"], digest: one))
    world.run(.seconds(20))
    #expect(world.complaints.isEmpty)
    #expect(world.orders.count == 3)
    #expect(world.orders.allSatisfy { $0.images.map(\.reference) == ["r/a", "r/b"] && $0.purpose == .pull })
    #expect(world.orders.allSatisfy { $0.images.allSatisfy { $0.policy == .ifNotPresent } })
    #expect(world.pods.isEmpty)
    let summary = world.summary(web)
    #expect(summary.nodes.warm == 3 && summary.nodes.wanted == 3 && summary.isReady)
    #expect(summary.images.map(\.warm) == [3, 3])
    let record = try #require(world.records["n1"])
    #expect(record.images.map(\.state) == [.warm, .warm])
    #expect(record.images.map(\.wantedBy) == [["ns/web"], ["ns/web"]])
    #expect(record.images.map { $0.held?.digest } == [one, one])
    #expect(world.recordWrites == 3)
    #expect(world.nodes.values.allSatisfy { $0.isMarkedWarm == true })
  }

  @Test("A new node gets its pod with the event that shows it")
  func newNode() {
    var world = world(1)
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(10))
    world.forgetActions()
    world.addNode("new", age: .seconds(1)) { $0.isReady = false }
    #expect(world.orders.map(\.id.node) == ["new"])
  }

  @Test("Two Prepulls that want the same never pull it twice on a node, and both are warm")
  func sharedTruth() {
    var world = world(2, has: ["r/a", "r/b", "r/c"])
    let other = PrepullID.named("other")
    world.setPlan(web, .of(["r/a", "r/b"], digest: one))
    world.setPlan(other, .of(["r/b", "r/c"], digest: one))
    world.run(.seconds(40))
    #expect(world.complaints.isEmpty)
    #expect(world.orders.filter { $0.id.prepull == web }.allSatisfy { $0.images.map(\.reference) == ["r/a", "r/b"] })
    #expect(world.orders.filter { $0.id.prepull == other }.allSatisfy { $0.images.map(\.reference) == ["r/c"] })
    #expect(world.summary(web).isReady && world.summary(other).isReady)
    #expect(world.records["n0"]?.images.first { $0.reference == "r/b" }?.wantedBy == ["ns/other", "ns/web"])
  }

  @Test("Budgets: per Prepull, per registry over all Prepulls, and over all")
  func budgets() {
    var limits = FleetLimits()
    limits.maxPods = 5
    var world = FleetWorld(limits: limits)
    for reference in ["r/a", "s/b"] { world.registry[reference] = .has(one) }
    for node in 0..<20 { world.addNode("n\(node)") { $0.labels["half"] = node < 10 ? "low" : "high" } }
    world.setPlan(web, .of(["r/a"], digest: one) { $0.parallelism = .nodes(2) })
    #expect(world.orders.count == 2)
    let second = PrepullID.named("second")
    // Two of the registry's three places are taken by the first.
    world.setPlan(second, .of(["r/a"], digest: one) { $0.perRegistry = 3 })
    #expect(world.orders.count == 3)
    let third = PrepullID.named("third")
    world.setPlan(third, .of(["s/b"], digest: one))
    #expect(world.orders.count == 5)
    world.run(.seconds(200))
    #expect(world.complaints.isEmpty)
    for id in [web, second, third] { #expect(world.summary(id).isReady) }
  }

  @Test("Higher priority goes first, then the older Prepull")
  func priority() {
    var limits = FleetLimits()
    limits.maxPods = 1
    var world = FleetWorld(limits: limits)
    world.registry["r/a"] = .has(one)
    let (low, high, old) = (PrepullID.named("low"), PrepullID.named("high"), PrepullID.named("old"))
    world.setPlan(low, .of(["r/a"], createdAt: .seconds(2)))
    world.setPlan(old, .of(["r/a"], createdAt: .seconds(1)))
    world.setPlan(high, .of(["r/a"], createdAt: .seconds(9)) { $0.priority = 1 })
    world.addNode("n0")
    #expect(world.orders.map(\.id.prepull) == [high])
  }

  @Test("More images than a pod may name come in several pods, one after the other")
  func manyImages() {
    let references = (0..<120).map { "r/i\($0)" }
    var world = world(1, has: references)
    world.setPlan(web, .of(references, digest: one))
    world.run(.seconds(60))
    #expect(world.orders.map(\.images.count) == [50, 50, 20])
    #expect(world.complaints.isEmpty)
    #expect(world.summary(web).isReady)
  }

  @Test("A node without the platform is unsupported, not failed")
  func platforms() {
    var world = world(1)
    world.addNode("arm") { $0.architecture = "arm64" }
    let variant = ImageResolution.Variant(digest: two, configDigest: two, sizeBytes: 1)
    let resolution = ImageResolution(
      digest: one, platforms: [Platform(os: "linux", architecture: "amd64")], variants: ["amd64": variant])
    let image = FleetImage(reference: "r/a", registry: "r", resolution: resolution)
    world.setPlan(web, FleetPlan(generation: 1, images: [image], createdAt: .zero))
    world.run(.seconds(20))
    #expect(world.summary(web).nodes.unsupported == 1 && world.summary(web).nodes.warm == 1)
    #expect(world.summary(web).isReady)
    #expect(world.nodes["arm"]?.isMarkedWarm == true)
  }

  @Test("A moved digest is pulled again with Always where refresh is set, and shown as stale where not")
  func movedDigest() {
    for refreshes in [true, false] {
      var world = world(2, has: ["r/a"])
      world.setPlan(web, .of(["r/a"], digest: one) { $0.refreshes = refreshes })
      world.run(.seconds(20))
      world.forgetActions()
      world.registry["r/a"] = .has(two)
      world.setPlan(web, .of(["r/a"], digest: two) { $0.refreshes = refreshes })
      world.run(.seconds(20))
      #expect(world.orders.count == (refreshes ? 2 : 0))
      #expect(world.orders.allSatisfy { $0.images.map(\.policy) == [.always] })
      #expect(world.summary(web).nodes.warm == (refreshes ? 2 : 0))
      #expect(world.summary(web).nodes.stale == (refreshes ? 0 : 2))
      #expect(world.pulls.values.allSatisfy { $0 == 1 })
    }
  }

  @Test("A registry that gives another digest than it told does not make a node pull without end")
  func lyingRegistry() {
    var world = world(1, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: two) { $0.refreshes = true })
    world.run(.seconds(300))
    #expect(world.orders.count <= 6)
    #expect(world.news.contains { if case .digestMoved = $0 { true } else { false } })
    #expect(world.summary(web).images[0].lastFailure?.code == "digestMoved")
  }

  @Test("Nodes that go, and nodes that are replaced under their name")
  func replacedNode() {
    var world = world(2, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(2))
    // While its pod runs.
    world.addNode("n0")
    world.run(.seconds(30))
    #expect(world.complaints.isEmpty)
    #expect(world.holdsAll("n0", ["r/a"]))
    #expect(world.records["n0"]?.uid == world.nodes["n0"]?.facts.uid)
    world.removeNode("n1")
    world.run(.seconds(5))
    #expect(world.summary(web).nodes.wanted == 1)
    #expect(world.machine.record(of: "n1") == nil)
    #expect(world.pods.isEmpty)
  }

  @Test("Late reports of a node that was replaced say nothing about the new one")
  func lateReports() throws {
    var world = world(1, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.performAll()
    var old = try #require(world.pods.values.first).seen
    world.addNode("n0")
    old.images[0].report = .held(one)
    world.tell(.pod(old))
    #expect(!world.machine.holds("r/a", on: "n0"))
    world.run(.seconds(20))
    #expect(world.complaints.isEmpty)
    #expect(world.orders.count == 2)
    #expect(world.summary(web).isReady)
  }

  @Test("A cordoned node, and an old one that is not ready, get nothing and are left out while they are cold")
  func skippedNodes() {
    var world = world(1, has: ["r/a"])
    world.addNode("cordoned") { $0.isSchedulable = false }
    world.addNode("dead") { $0.isReady = false }
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(20))
    #expect(world.orders.map(\.id.node) == ["n0"])
    #expect(world.summary(web).nodes.unreachable == 2 && world.summary(web).isReady)
    #expect(world.summary(web).nodes.wanted == 3)
    #expect(world.summary(web).unreachableExamples == ["cordoned (cordoned)", "dead (not ready)"])
    world.changeNode("cordoned") { $0.isSchedulable = true }
    world.changeNode("dead") { $0.isReady = true }
    world.run(.seconds(20))
    #expect(world.summary(web).nodes.warm == 3)
    // What is warm stays so.
    world.changeNode("dead") { $0.isReady = false }
    #expect(world.summary(web).nodes.warm == 3)
  }

  @Test("Without a node, or with none that can be reached, nothing is ready")
  func nothingReady() {
    var world = world(0, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one))
    #expect(!world.summary(web).isReady)
    world.addNode("cordoned") { $0.isSchedulable = false }
    #expect(!world.summary(web).isReady && world.summary(web).nodes.unreachable == 1)
    world.removeNode("cordoned")
    #expect(world.summary(web).nodes.wanted == 0 && world.summary(web).unreachableExamples.isEmpty)
  }

  @Test("A node is warm for the first time once in its life")
  func firstWarmth() {
    var world = world(1, has: ["r/a", "r/b"])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.addNode("new", age: .seconds(5))
    world.run(.seconds(20))
    world.setPlan(web, .of(["r/a", "r/b"], digest: one) { $0.generation = 2 })
    world.run(.seconds(20))
    #expect(world.records["new"]?.warmedAt != nil)
    world.restart()
    world.setPlan(web, .of(["r/a", "r/b", "r/c"], digest: one) { $0.generation = 3 })
    world.registry["r/c"] = .has(one)
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
    let ages = world.news.compactMap { news in
      if case .nodeWarm("new", let age) = news { age } else { nil }
    }
    #expect(ages.count == 1)
    #expect(ages.allSatisfy { $0 >= .seconds(5) && $0 <= .seconds(20) })
  }

  @Test("10,000 tags that come and go leave no number behind")
  func numbers() {
    var world = world(2, has: [])
    for round in 0..<100 {
      let references = (0..<100).map { "r\(round % 7).io/a\($0):\(round)" }
      for reference in references { world.registry[reference] = .has(one) }
      world.setPlan(web, .of(references, digest: FleetWorld.digest(1)) { $0.generation = Int64(round + 1) })
      world.performAll()
    }
    #expect(world.machine.numberCount < 5000)
    world.removePlan(web)
    world.run(.seconds(120))
    #expect(world.complaints.isEmpty)
  }

  @Test("A pod that stands still on a new node that is not ready is withdrawn, and made anew when it is ready")
  func notReadyNode() {
    var world = world(0, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.addNode("new", age: .seconds(1)) { $0.isReady = false }
    world.nodes["new"]?.isUp = false
    world.run(.seconds(59))
    #expect(world.pods.count == 1)
    world.run(.seconds(300))
    #expect(world.orders.count == 1)
    #expect(world.summary(web).nodes.pending == 1)
    world.nodes["new"]?.isUp = true
    world.changeNode("new") { $0.isReady = true }
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
    #expect(world.complaints.isEmpty)
  }

  @Test("A node where others wait for images is not given work until they are done")
  func yields() {
    var world = world(0, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.tell(.busy(node: "n0", by: "other/pod"))
    world.addNode("n0")
    world.run(.seconds(20))
    #expect(world.orders.isEmpty)
    #expect(world.summary(web).blocked == [.busy: 1])
    #expect(world.summary(web).yieldsTo == "other/pod on n0")
    world.tell(.busy(node: "n0", by: nil))
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
  }

  @Test("Suspended, nothing is begun; what runs comes to its end")
  func suspended() {
    var world = world(4, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one) { $0.parallelism = .nodes(2) })
    world.setPlan(
      web,
      .of(["r/a"], digest: one) {
        $0.generation = 2
        $0.isSuspended = true
      })
    world.run(.seconds(20))
    #expect(world.summary(web).nodes.warm == 2)
    #expect(world.summary(web).blocked == [.suspended: 2])
    world.setPlan(web, .of(["r/a"], digest: one) { $0.generation = 3 })
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
  }

  @Test("A window that closes ends nothing and begins nothing; the next one goes on")
  func windows() {
    var world = world(4, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one) { $0.parallelism = .nodes(2) })
    world.setPlan(web, .of(["r/a"], digest: one) { ($0.parallelism, $0.isClosed) = (.nodes(2), true) })
    world.run(.seconds(20))
    #expect(world.summary(web).nodes.warm == 2)
    #expect(world.summary(web).blocked == [.closed: 2])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
  }

  @Test("A Prepull that goes while its pods run takes pods and claims with it, and what others claim stays")
  func removal() {
    var world = world(3, has: ["r/a", "r/b"])
    let other = PrepullID.named("other")
    world.setPlan(web, .of(["r/a", "r/b"], digest: one))
    world.run(.seconds(4))
    world.setPlan(other, .of(["r/a"], digest: one))
    world.run(.seconds(10))
    world.setPlan(web, .of(["r/a", "r/b", "r/c"], digest: one) { $0.generation = 2 })
    world.run(.seconds(3))
    #expect(!world.pods.isEmpty)
    world.removePlan(web)
    world.run(.seconds(20))
    #expect(world.complaints.isEmpty)
    #expect(world.leaving.isEmpty && world.pods.isEmpty)
    #expect(world.records.values.allSatisfy { $0.images.map(\.reference) == ["r/a"] })
    world.removePlan(other)
    world.run(.seconds(5))
    #expect(world.leaving.isEmpty && world.records.isEmpty)
  }

  @Test("An edit takes a pod away that is at something nobody wants any more")
  func edit() {
    var world = world(1, has: ["r/b"])
    world.setPlan(web, .of(["r/missing", "r/b"], digest: one))
    world.run(.seconds(2))
    world.setPlan(web, .of(["r/b"], digest: one) { $0.generation = 2 })
    world.run(.seconds(20))
    #expect(world.complaints.isEmpty)
    #expect(world.summary(web).isReady && world.pods.isEmpty)
  }

  @Test("Once is done when each node is warm or failed for good, and begins nothing more")
  func once() {
    var world = world(2, has: ["r/a"])
    world.registry["r/b"] = FleetWorld.down
    world.setPlan(
      web,
      .of(["r/a", "r/b"], digest: one) {
        $0.mode = .once
        $0.retries = 2
        $0.maxFailures = .percent(100)
      })
    world.run(.seconds(30))
    #expect(!world.summary(web).isComplete)
    world.run(.seconds(60))
    #expect(world.summary(web).isComplete)
    #expect(world.summary(web).nodes.failed == 2)
    #expect(world.news.filter { $0 == .completed(web) }.count == 1)
    let orders = world.orders.count
    world.run(.seconds(3600), step: .seconds(30))
    #expect(world.orders.count == orders)
  }

  @Test("Once tries each node itself, however often it lost the pods of another Prepull")
  func onceAfterOthers() {
    var world = world(1, has: ["r/a", "r/b"])
    world.nodes["n0"]?.isFull = true
    world.setPlan(.named("keep"), .of(["r/b"], digest: one))
    world.run(.seconds(3600), step: .seconds(5))
    world.setPlan(
      web,
      .of(["r/a"], digest: one) {
        $0.mode = .once
        $0.retries = 2
      })
    world.run(.seconds(5))
    #expect(!world.summary(web).isComplete && world.summary(web).nodes.failed == 0)
    world.nodes["n0"]?.isFull = false
    world.run(.seconds(1200), step: .seconds(5))
    #expect(world.summary(web).isReady && world.summary(web).isComplete)
  }

  @Test("A clock that goes back a little changes nothing")
  func clock() {
    var world = world(1, has: ["r/a"])
    world.setPlan(web, .of(["r/a"], digest: one))
    world.run(.seconds(2))
    world.now -= .seconds(1)
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
  }
}
