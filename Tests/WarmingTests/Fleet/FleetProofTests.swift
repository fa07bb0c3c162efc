import Warming
import ImageModel
import Testing

/// A runtime that holds the same content under several names states any of them.
@Suite("Fleet machine: the same content under another name", .timeLimit(.minutes(2)))
struct FleetProofTests {
  let web = PrepullID.named("web")
  let one = FleetWorld.digest(1)
  let two = FleetWorld.digest(2)

  private func pinned(_ digest: Digest) -> String { PinnedReference.text(of: "r/a:1", at: digest) ?? "" }

  private func world() -> FleetWorld {
    var world = FleetWorld()
    world.registry["r/a:1"] = .has(one)
    world.addNode("n0")
    return world
  }

  @Test("References by digest keep the words of the tag")
  func references() {
    #expect(PinnedReference.text(of: "localhost:5000/a:1", at: one) == "localhost:5000/a@\(one)")
    #expect(PinnedReference.text(of: "nginx", at: one) == "nginx@\(one)")
    #expect(PinnedReference.text(of: "nginx@\(two)", at: one) == nil)
    #expect(PinnedReference.digest(in: "r/a@\(one)", of: "r/a:1") == one)
    #expect(PinnedReference.digest(in: "r/ab@\(one)", of: "r/a:1") == nil)
    #expect(PinnedReference.digest(in: "r/a:1", of: "r/a:1") == nil)
  }

  @Test("After a tag moved, a pod with the tag and the digest proves that the node holds it, and nobody is blamed")
  func movedTag() {
    var world = world()
    world.setPlan(web, .of(["r/a:1"], digest: one) { $0.refreshes = true })
    world.run(.seconds(20))
    world.nodes["n0"]?.aliases = [two]
    world.registry["r/a:1"] = .has(two)
    world.forgetActions()
    world.setPlan(web, .of(["r/a:1"], digest: two) { $0.refreshes = true })
    world.run(.seconds(40))
    #expect(world.orders.map(\.purpose) == [.pull, .verify])
    #expect(world.orders[1].images.map(\.reference) == ["r/a:1", pinned(two)])
    #expect(world.orders[1].images.allSatisfy { $0.policy == .never })
    #expect(world.summary(web).isReady && world.summary(web).images[0].lastFailure == nil)
    #expect(world.records["n0"]?.images[0].held?.digest == two)
    #expect(world.complaints.isEmpty)
  }

  @Test(
    "A node whose tag is old stays stale although the new content is there under a digest", arguments: [false, true])
  func oldTag(isAlias: Bool) {
    var world = world()
    // Both are there; the tag is the old one, and the runtime names it after something else.
    world.nodes["n0"]?.held = ["r/a:1": one, pinned(two): two]
    world.nodes["n0"]?.aliases = isAlias ? [one, two] : [one]
    world.setPlan(web, .of(["r/a:1"], digest: two))
    world.run(.seconds(60))
    #expect(world.orders.map(\.purpose) == [.pull, .verify])
    #expect(world.summary(web).nodes.stale == 1 && world.summary(web).nodes.warm == 0)
    #expect(world.records["n0"]?.images[0].state != .warm)
    #expect(world.records["n0"]?.images[0].held?.digest == nil)
    world.forgetActions()
    world.run(.seconds(3600), step: .seconds(5))
    #expect(world.orders.isEmpty && world.complaints.isEmpty)
  }

  @Test("A registry that gives something else is found out although the runtime names it after another")
  func lyingRegistry() {
    var world = world()
    world.nodes["n0"]?.aliases = [one, two]
    world.setPlan(web, .of(["r/a:1"], digest: one) { $0.refreshes = true })
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
    world.setPlan(web, .of(["r/a:1"], digest: two) { $0.refreshes = true })
    world.run(.seconds(600))
    #expect(!world.summary(web).isReady)
    #expect(world.summary(web).images[0].lastFailure?.code == "digestMoved")
    #expect(world.orders.count <= 16)
  }

  @Test("Later checks prove it again, and a restart does not make the node cold")
  func checks() {
    var world = world()
    world.nodes["n0"]?.aliases = [one]
    world.setPlan(web, .of(["r/a:1"], digest: one) { $0.verifyEvery = .seconds(600) })
    world.run(.seconds(20))
    #expect(world.summary(web).isReady)
    world.restart()
    for _ in 0..<200 {
      world.run(.seconds(10))
      #expect(world.summary(web).isReady)
    }
    #expect(world.orders.allSatisfy { $0.purpose == .verify || $0.images.map(\.reference) == ["r/a:1"] })
    #expect(world.complaints.isEmpty)
  }
}
