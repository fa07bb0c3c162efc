import ImageModel
import Warming
import Testing

/// Kubelets since 1.35 let a pod use an image only when it was pulled with the pod's secrets (KEP-2535).
@Suite("Fleet machine: pull secrets", .timeLimit(.minutes(2)))
struct FleetAccessTests {
  let web = PrepullID.named("web")
  let other = PrepullID.named("other")
  let one = FleetWorld.digest(1)
  let mine = PullAccess(namespace: "ns", secrets: ["mine"])
  let theirs = PullAccess(namespace: "ns", secrets: ["theirs"])

  private func world(_ nodes: Int = 2) -> FleetWorld {
    var world = FleetWorld()
    world.remembersSecrets = true
    world.registry["r/a"] = .has(one)
    for node in 0..<nodes { world.addNode("n\(node)") }
    return world
  }

  private func plan(_ access: PullAccess) -> FleetPlan {
    .of(["r/a"], digest: one) {
      $0.access = access
      $0.verifyEvery = .seconds(600)
    }
  }

  private func losses(_ world: FleetWorld) -> Int {
    world.news.count { if case .imageLost = $0 { true } else { false } }
  }

  @Test("Another secret means one pod that records it, no bytes, and no end of checks")
  func anotherSecret() {
    var world = world()
    world.setPlan(web, plan(mine))
    world.run(.seconds(20))
    world.setPlan(other, plan(theirs))
    #expect(!world.summary(other).isReady)
    world.run(.seconds(20))
    #expect(world.summary(web).isReady && world.summary(other).isReady)
    let orders = world.orders.filter { $0.id.prepull == other }
    #expect(orders.map(\.purpose) == [.pull, .pull])
    #expect(orders.allSatisfy { $0.images.map(\.policy) == [.ifNotPresent] && $0.access == theirs })
    #expect(world.pulls.count == 2 && world.pulls.values.allSatisfy { $0 == 1 })
    #expect(world.records["n0"]?.images.first?.held?.access == [mine, theirs])
    world.forgetActions()
    world.run(.seconds(3 * 3600), step: .seconds(5))
    #expect(world.orders.allSatisfy { $0.purpose == .verify })
    #expect(losses(world) == 0 && world.complaints.isEmpty)
  }

  @Test("Without access an image is denied to its own Prepull, and never lost to another")
  func withoutAccess() {
    var world = world()
    world.readers["r/a"] = [mine]
    world.setPlan(web, plan(mine))
    world.run(.seconds(20))
    world.setPlan(other, plan(.anonymous))
    world.run(.seconds(6 * 3600), step: .seconds(5))
    #expect(world.summary(web).isReady && losses(world) == 0)
    #expect(world.summary(other).images[0].lastFailure?.code == "denied")
    #expect(!world.summary(other).isReady && world.complaints.isEmpty)
    // One pull on each node, then checks each 10 minutes or so.
    let orders = world.orders.filter { $0.id.prepull == web }
    #expect(orders.count { $0.purpose == .pull } == 2)
    #expect(orders.count < 2 * 6 * 6 + 4)
    #expect(world.records["n0"]?.images.first?.failures.map(\.prepull) == ["ns/other"])
  }

  @Test("A secret that lost its access is denied, and its image is not lost")
  func revoked() {
    var world = world(1)
    world.setPlan(web, plan(mine))
    world.run(.seconds(20))
    world.nodes["n0"]?.proved = [:]
    world.readers["r/a"] = [theirs]
    world.run(.seconds(1500), step: .seconds(2))
    #expect(losses(world) == 0)
    #expect(world.summary(web).images[0].lastFailure?.code == "denied")
  }

  @Test("What is gone from a node is lost once, whoever misses it first")
  func lost() {
    var world = world(1)
    world.setPlan(web, plan(mine))
    world.run(.seconds(20))
    world.nodes["n0"]?.held = [:]
    world.nodes["n0"]?.proved = [:]
    world.run(.seconds(900), step: .seconds(2))
    #expect(losses(world) == 1)
    #expect(world.summary(web).isReady)
  }

  @Test("A restart remembers who proved what")
  func restart() {
    var world = world()
    world.setPlan(web, plan(mine))
    world.setPlan(other, plan(theirs))
    world.run(.seconds(40))
    world.forgetActions()
    world.restart()
    #expect(world.summary(web).isReady && world.summary(other).isReady)
    #expect(world.orders.isEmpty)
  }

  @Test("An edit of the secrets is proved by a pod that has the new ones")
  func edit() {
    var world = world(1)
    world.setPlan(web, plan(mine))
    world.run(.seconds(20))
    world.forgetActions()
    var edited = plan(theirs)
    edited.generation = 2
    world.setPlan(web, edited)
    world.run(.seconds(20))
    #expect(world.orders.map(\.access) == [theirs])
    #expect(world.summary(web).isReady && world.complaints.isEmpty)
    #expect(world.records["n0"]?.images.first?.held?.access == [theirs])
  }
}
