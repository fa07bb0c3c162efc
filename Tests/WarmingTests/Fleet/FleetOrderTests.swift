import ImageModel
import Kubernetes
import Testing
import Warming

/// What there is comes to the machine in any order: lists come by themselves, watches go on at once, registries answer
/// when they like. In every order it ends the same: each node holds what it should, and is counted so.
@Suite("Fleet machine: events in every order", .timeLimit(.minutes(10)))
struct FleetOrderTests {
  /// Something that happens, once.
  struct Step: Sendable {
    let name: String
    /// Names of steps that come before it.
    var after: [String] = []
    let happen: @Sendable (inout FleetWorld) -> Void
  }

  private static let web = PrepullID.named("web")
  private static let other = PrepullID.named("other")
  private static let digest = FleetWorld.digest(1)
  private static let images = ["r/a", "r/b"]

  init() { _ = FreedMemory.isOverwritten }

  // MARK: Steps

  private static func synced(after: [String] = []) -> Step {
    Step(name: "synced", after: after) { $0.tell(.synced) }
  }

  private static func node(_ name: String, after: [String] = []) -> Step {
    Step(name: name, after: after) { $0.seeNode(name) }
  }

  /// A node as it was before: not ready, and with a taint that nobody tolerates.
  private static func cold(_ name: String) -> Step {
    Step(name: "\(name) cold") { world in
      guard let node = world.nodes[name] else { return }
      var facts = node.facts
      facts.isReady = false
      facts.taints = [NodeFacts.Taint(key: "vendor/starting", effect: "NoSchedule")]
      world.tell(.node(FleetNode(facts: facts, createdAt: node.createdAt)))
    }
  }

  private static func record(_ name: String) -> Step {
    Step(name: "record of \(name)") { world in
      if let record = world.records[name] { world.tell(.remembered(record)) }
    }
  }

  private static func plan(
    _ name: String = "plan", _ id: PrepullID = web, _ images: [String] = images, isResolved: Bool = true,
    seeds: Int = 0, after: [String] = []
  ) -> Step {
    Step(name: name, after: after) { world in
      world.setPlan(id, .of(images, digest: isResolved ? digest : nil) { $0.seeds = seeds })
    }
  }

  // MARK: Running

  /// A cluster that no machine was told of.
  private static func cluster(nodes: Int, recorded: Int = 0) -> FleetWorld {
    var world = FleetWorld()
    for reference in images + ["r/c"] { world.registry[reference] = .has(digest) }
    for number in 0..<nodes { world.addNode("n\(number)") }
    for name in (0..<recorded).map({ "n\($0)" }) {
      var record = NodeRecord(node: name, uid: world.nodes[name]?.facts.uid ?? "")
      record.images = images.map { reference in
        NodeRecord.Image(
          reference: reference, state: .warm, wantedBy: [web.key],
          held: NodeRecord.Held(digest: digest, since: .seconds(1000)))
      }
      world.records[name] = record
      for reference in images { world.nodes[name]?.held[reference] = digest }
    }
    world.machine = FleetMachine(limits: world.limits)
    return world
  }

  /// Every order in which each step comes after those that it names.
  private static func orders(of steps: [Step]) -> [[Step]] {
    if steps.isEmpty { return [[]] }
    let names = Set(steps.map(\.name))
    return steps.indices.flatMap { index -> [[Step]] in
      guard names.isDisjoint(with: steps[index].after) else { return [] }
      var rest = steps
      let first = rest.remove(at: index)
      return orders(of: rest).map { [first] + $0 }
    }
  }

  /// Plays all orders of some steps, and expects the same end of each.
  ///
  /// - Parameter isHasty: what the machine asks for is done before the next step, not after the last one.
  private static func expectWarmth(
    of world: FleetWorld, after steps: [Step], orders count: Int, isHasty: Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let orders = orders(of: steps)
    #expect(orders.count == count, sourceLocation: sourceLocation)
    var failures: [String] = []
    for order in orders {
      var run = world
      for step in order {
        step.happen(&run)
        if isHasty { run.performAll() }
      }
      run.settle(within: .seconds(600))
      let problems = problems(of: run)
      guard !problems.isEmpty else { continue }
      failures.append("\(order.map(\.name).joined(separator: ", ")): \(problems.joined(separator: "; "))")
    }
    #expect(
      failures.isEmpty, "\(failures.count) of \(count) orders, such as \(failures.first ?? "")",
      sourceLocation: sourceLocation)
  }

  /// What is not as it should be when all is done.
  private static func problems(of world: FleetWorld) -> [String] {
    var problems = world.complaints
    let all = world.nodes.count
    for (id, plan) in world.plans {
      let summary = world.summary(id)
      if summary.nodes.wanted != all || summary.nodes.warm != all { problems.append("\(id.name): \(summary.nodes)") }
      if !summary.images.allSatisfy({ $0.warm == all }) { problems.append("\(id.name): \(summary.images)") }
      for (name, node) in world.nodes {
        for reference in plan.images.map(\.reference) {
          let stored = world.records[name]?.images.first { $0.reference == reference }
          if node.held[reference] != digest { problems.append("\(name) lacks \(reference)") }
          if stored?.state != .warm { problems.append("\(name) has no record of \(reference)") }
        }
      }
    }
    if !world.leaving.isEmpty { problems.append("a Prepull that is gone is not cleared") }
    let depths = world.machine.depths
    if depths.pods + depths.queued + depths.unrecorded > 0 { problems.append("\(depths)") }
    return problems
  }

  // MARK: Tests

  @Test("Three nodes and a Prepull whose images are resolved later", arguments: [true, false])
  func resolution(isHasty: Bool) {
    let steps = [
      Self.node("n0"), Self.node("n1"), Self.node("n2"), Self.plan("unresolved", isResolved: false),
      Self.plan("resolved", after: ["unresolved"]), Self.synced(),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 3), after: steps, orders: 360, isHasty: isHasty)
  }

  @Test("Three nodes and a Prepull whose images are found later", arguments: [true, false])
  func discovery(isHasty: Bool) {
    let steps = [
      Self.node("n0"), Self.node("n1"), Self.node("n2"), Self.plan("empty", Self.web, []),
      Self.plan("found", after: ["empty"]), Self.synced(),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 3), after: steps, orders: 360, isHasty: isHasty)
  }

  @Test("Two Prepulls, and a node with a record of what it holds", arguments: [true, false])
  func records(isHasty: Bool) {
    let steps = [
      Self.record("n0"), Self.node("n0"), Self.node("n1"), Self.plan(),
      Self.plan("other", Self.other, ["r/b", "r/c"]),
      // A record whose node is not there when all is known is about a node that is gone.
      Self.synced(after: ["record of n0", "n0"]),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 2, recorded: 1), after: steps, orders: 240, isHasty: isHasty)
  }

  @Test("A node that is ready later, and two that are", arguments: [true, false])
  func readiness(isHasty: Bool) {
    let steps = [
      Self.cold("n0"), Self.node("n0", after: ["n0 cold"]), Self.node("n1"), Self.node("n2"), Self.plan(),
      Self.synced(),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 3), after: steps, orders: 360, isHasty: isHasty)
  }

  @Test("Seeds, of nodes that come in any order", arguments: [true, false])
  func seeds(isHasty: Bool) {
    let steps = [
      Self.node("n0"), Self.node("n1"), Self.node("n2"),
      Self.plan("unresolved", isResolved: false, seeds: 1), Self.plan("resolved", seeds: 2, after: ["unresolved"]),
      Self.synced(after: ["unresolved"]),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 3), after: steps, orders: 240, isHasty: isHasty)
  }

  @Test("Seeds of two Prepulls, and a node with a record of what it holds", arguments: [true, false])
  func seedRecords(isHasty: Bool) {
    let steps = [
      Self.record("n0"), Self.node("n0"), Self.node("n1"), Self.plan(seeds: 1),
      Self.plan("other", Self.other, ["r/b", "r/c"], seeds: 1), Self.synced(after: ["record of n0", "n0"]),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 2, recorded: 1), after: steps, orders: 240, isHasty: isHasty)
  }

  @Test("A Prepull that goes, and another that gets its place", arguments: [true, false])
  func placeOfPrepull(isHasty: Bool) {
    let steps = [
      Self.plan("old", Self.other, ["r/c"]),
      Step(name: "old goes", after: ["old"]) { $0.removePlan(Self.other) },
      Self.node("n0"), Self.node("n1"), Self.plan(), Self.synced(),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 2), after: steps, orders: 360, isHasty: isHasty)
  }

  @Test("A node that goes, and another that gets its place", arguments: [true, false])
  func placeOfNode(isHasty: Bool) {
    let steps = [
      Self.node("n0"),
      Step(name: "n0 goes", after: ["n0"]) { $0.removeNode("n0") },
      Step(name: "n2", after: ["n0 goes"]) { $0.addNode("n2") },
      Self.node("n1"), Self.plan(), Self.synced(),
    ]
    Self.expectWarmth(of: Self.cluster(nodes: 2), after: steps, orders: 120, isHasty: isHasty)
  }
}
