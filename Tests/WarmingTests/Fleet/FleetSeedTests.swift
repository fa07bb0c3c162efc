import ImageModel
import Kubernetes
import Testing
import Warming

/// Prepulls with seeds: who pulls first, and how it goes on.
@Suite("Fleet machine: seeds", .timeLimit(.minutes(2))) struct FleetSeedTests {
  private static let web = PrepullID.named("web")
  private static let digest = FleetWorld.digest(1)
  private static let image = "r/a"

  /// `nodes` nodes n00, n01, … in three zones.
  private static func cluster(nodes: Int, _ images: [String] = [image]) -> FleetWorld {
    var world = FleetWorld()
    for image in images { world.registry[image] = .has(digest) }
    for number in 0..<nodes {
      world.addNode(name(number)) { $0.labels["topology.kubernetes.io/zone"] = "z\(number % 3)" }
    }
    return world
  }

  private static func name(_ number: Int) -> String { "n\(number / 10)\(number % 10)" }

  private static func plan(
    _ images: [String] = [image], seeds: Int, _ change: (inout FleetPlan) -> Void = { _ in }
  ) -> FleetPlan {
    .of(images, digest: digest) {
      $0.seeds = seeds
      $0.maxFailures = .percent(100)
      change(&$0)
    }
  }

  /// Nodes whose pods pull now.
  private static func pulling(_ world: FleetWorld) -> [String] {
    world.pods.values.filter { $0.seen.purpose == .pull && !$0.seen.isBeingDeleted }.map(\.seen.id.node).sorted()
  }

  private static func waiting(_ world: FleetWorld) -> Int { world.summary(web).blocked[.seeds] ?? 0 }

  // MARK: Growth

  @Test("The first seeds pull alone, one in each zone; then twice as many, up to parallelism")
  func growth() {
    var world = Self.cluster(nodes: 40)
    world.setPlan(Self.web, Self.plan(seeds: 3) { $0.parallelism = .nodes(10) })
    world.performAll()
    #expect(Self.pulling(world) == ["n00", "n01", "n02"])
    #expect(Self.waiting(world) == 37)
    #expect(world.summary(Self.web).seedWait?.words == "3 nodes pull r/a first")
    var most: [Int] = []
    while most.count < 100, !world.summary(Self.web).isReady {
      let count = Self.pulling(world).count
      if most.last != count { most.append(count) }
      world.run(.seconds(1))
    }
    #expect(most.first == 3)
    #expect(most.dropFirst().first == 6)
    #expect(most.max() == 10)
    #expect(Self.waiting(world) == 0)
    #expect(world.complaints.isEmpty, "\(world.complaints.prefix(3))")
  }

  @Test("Without seeds, all that parallelism allows begin at once")
  func without() {
    var world = Self.cluster(nodes: 8)
    world.setPlan(Self.web, Self.plan(seeds: 0))
    world.performAll()
    #expect(Self.pulling(world).count == 8)
    #expect(world.summary(Self.web).seedWait == nil)
  }

  @Test("The emptiest and the newest are no seeds while there are others")
  func order() {
    var world = Self.cluster(nodes: 0)
    world.registry[Self.image] = .has(Self.digest)
    for (name, images, made) in [("a", 0, "2020"), ("b", 40, "2025"), ("c", 40, "2021"), ("d", 3, "2019")] {
      world.addNode(name)
      world.nodes[name]?.images = images
      world.nodes[name]?.madeAt = made
      world.seeNode(name)
    }
    world.setPlan(Self.web, Self.plan(seeds: 2))
    world.performAll()
    #expect(Self.pulling(world) == ["b", "c"])
  }

  @Test("Each platform has its own seeds")
  func platforms() {
    var world = Self.cluster(nodes: 0)
    world.registry[Self.image] = .has(Self.digest)
    for number in 0..<6 {
      world.addNode("n\(number)") { $0.architecture = number < 3 ? "amd64" : "arm64" }
    }
    world.setPlan(Self.web, Self.plan(seeds: 1))
    world.performAll()
    #expect(Self.pulling(world) == ["n0", "n3"])
  }

  @Test("Nodes that hold the image already are seeds enough, also for those that join later")
  func joining() {
    var world = Self.cluster(nodes: 4)
    world.setPlan(Self.web, Self.plan(seeds: 1))
    world.settle(within: .seconds(300))
    #expect(world.summary(Self.web).isReady)
    for number in 10..<15 { world.addNode(Self.name(number)) }
    world.performAll()
    #expect(Self.pulling(world).count == 5)
  }

  @Test("A tag that moves grows anew, by both engines", arguments: [false, true])
  func moved(isAgent: Bool) {
    var world = Self.cluster(nodes: 9)
    if isAgent {
      for number in 0..<9 {
        world.nodes[Self.name(number)]?.agent = .ready
        world.seeNode(Self.name(number))
      }
    }
    var plan = Self.plan(seeds: 1) {
      $0.refreshes = true
      if isAgent { $0.engine = .agent(fallsBack: false) }
    }
    world.setPlan(Self.web, plan)
    world.settle(within: .seconds(300))
    #expect(world.summary(Self.web).isReady)
    let next = FleetWorld.digest(2)
    world.registry[Self.image] = .has(next)
    plan.images[0].resolution?.digest = next
    world.setPlan(Self.web, plan)
    world.performAll()
    #expect(Self.pulling(world).count == 1)
    #expect(Self.waiting(world) == 8)
    if isAgent {
      // Who was not asked is not to pull by itself.
      let asked = world.wishes.filter { $0.value.contains(where: \.refreshes) }.keys.sorted()
      #expect(asked == Self.pulling(world))
    }
    world.settle(within: .seconds(300))
    #expect(world.nodes.values.allSatisfy { $0.held[Self.image] == next })
    #expect(world.complaints.isEmpty, "\(world.complaints.prefix(3))")
  }

  @Test("Images grow each by itself: one that no seed gets does not hold up another")
  func images() {
    var world = Self.cluster(nodes: 12, ["r/a", "s/b"])
    world.registry["s/b"] = FleetWorld.down
    world.setPlan(Self.web, Self.plan(["r/a", "s/b"], seeds: 1))
    world.run(.seconds(120))
    #expect(world.nodes.values.allSatisfy { $0.held["r/a"] != nil })
    let tried = Set(world.orders.filter { $0.images.contains { $0.reference == "s/b" } }.map(\.id.node))
    #expect(tried.count == 2, "the seed, and another one as its own network may be at fault")
    #expect(world.summary(Self.web).seedWait?.failure?.code == "unreachable")
    world.registry["s/b"] = .has(Self.digest)
    world.settle(within: .seconds(2000))
    #expect(world.summary(Self.web).isReady)
    #expect(world.complaints.isEmpty, "\(world.complaints.prefix(3))")
  }

  // MARK: Seeds that fail

  @Test("A bad image is found by one node, and is told with its remedy", arguments: [FleetPlan.Mode.keep, .once])
  func badImage(mode: FleetPlan.Mode) {
    var world = Self.cluster(nodes: 30)
    world.registry[Self.image] = FleetWorld.notFound
    world.setPlan(Self.web, Self.plan(seeds: 1) { $0.mode = mode })
    world.run(.seconds(25))
    #expect(Set(world.orders.map(\.id.node)).count == 1)
    let summary = world.summary(Self.web)
    #expect(summary.images.first?.refusal == FleetWorld.failure("notFound"))
    #expect(summary.nodes.failed == 30)
    world.run(.seconds(600))
    #expect(Set(world.orders.map(\.id.node)).count <= 6, "one at a time, less and less often")
    guard mode == .keep else { return #expect(world.summary(Self.web).isComplete) }
    world.registry[Self.image] = .has(Self.digest)
    world.settle(within: .seconds(4000))
    #expect(world.summary(Self.web).isReady)
  }

  @Test("A seed whose failure is its own is replaced at once")
  func ownFailure() {
    var world = Self.cluster(nodes: 6)
    world.setPlan(Self.web, Self.plan(seeds: 1))
    world.performAll()
    #expect(Self.pulling(world) == ["n00"])
    let full = FleetPod.Report.failing(FleetWorld.failure("noSpace"), .local, count: 1)
    if let id = world.pods.keys.first, var pod = world.pods[id]?.seen {
      pod.images[0].report = full
      world.pods[id]?.seen = pod
      world.tell(.pod(pod))
    }
    world.performAll()
    #expect(Self.pulling(world).count == 2)
  }

  @Test("A seed that is deleted, not ready or has no room is replaced; one that is cordoned goes on")
  func lostSeeds() {
    var world = Self.cluster(nodes: 6)
    world.pullTime = .seconds(300)
    world.setPlan(Self.web, Self.plan(seeds: 1))
    world.performAll()
    #expect(Self.pulling(world) == ["n00"])
    world.removeNode("n00")
    world.performAll()
    #expect(Self.pulling(world).filter { $0 != "n00" } == ["n01"])
    world.changeNode("n01") { $0.isReady = false }
    world.performAll()
    #expect(Self.pulling(world).contains("n02"))
    world.changeNode("n02") { $0.isSchedulable = false }
    world.performAll()
    #expect(!Self.pulling(world).contains("n03"))
    world.settle(within: .seconds(3000))
    #expect(world.nodes["n02"]?.held[Self.image] != nil)
    #expect(["n03", "n04", "n05"].allSatisfy { world.nodes[$0]?.held[Self.image] != nil })
  }

  @Test("Where all nodes are in one zone, or have none, there are as many seeds")
  func oneZone() {
    var world = FleetWorld()
    world.registry[Self.image] = .has(Self.digest)
    for number in 0..<5 { world.addNode("n\(number)") }
    world.setPlan(Self.web, Self.plan(seeds: 3))
    world.performAll()
    #expect(Self.pulling(world) == ["n0", "n1", "n2"])
  }

  @Test("When too many nodes have failed, nothing grows")
  func maxFailures() {
    var world = Self.cluster(nodes: 10)
    world.registry[Self.image] = FleetWorld.down
    world.setPlan(
      Self.web,
      Self.plan(seeds: 2) {
        $0.maxFailures = .nodes(0); $0.retries = 1
      })
    world.run(.seconds(400))
    #expect(world.summary(Self.web).isPaused)
    #expect(Set(world.orders.map(\.id.node)).count <= 4)
  }

  // MARK: Others

  @Test("Nodes that a gate keeps back do not wait for seeds")
  func gates() {
    var world = Self.cluster(nodes: 3)
    world.pullTime = .seconds(100)
    world.setPlan(Self.web, Self.plan(seeds: 1) { $0.gate = FleetPlan.Gate(taint: "cold") })
    world.performAll()
    for number in 10..<12 {
      world.addNode(Self.name(number), age: .zero) { $0.taints = [NodeFacts.Taint(key: "cold", effect: "NoSchedule")] }
    }
    world.performAll()
    #expect(Self.pulling(world) == ["n00", "n10", "n11"])
  }

  @Test("An operator that comes back goes on from what nodes hold and what is under way")
  func restart() {
    var world = Self.cluster(nodes: 20)
    world.setPlan(Self.web, Self.plan(seeds: 2))
    world.run(.seconds(4))
    let before = Self.pulling(world)
    #expect(before.count > 2)
    world.restart()
    world.performAll()
    #expect(Set(before).isSubset(of: Self.pulling(world)))
    #expect(world.complaints.isEmpty, "\(world.complaints.prefix(3))")
    world.settle(within: .seconds(300))
    #expect(world.summary(Self.web).isReady)
    #expect(world.pulls.values.allSatisfy { $0 == 1 })
  }
}
