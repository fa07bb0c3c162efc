import Warming
import Kubernetes
import ImageModel
import Testing

/// Random sequences: whatever happens in whatever order, and wherever the process dies, the machine keeps what it
/// promises and ends where it should.
@Suite("Fleet machine under random sequences", .timeLimit(.minutes(10)))
struct FleetStormTests {
  private struct Storm {
    var chance: Chance
    var world: FleetWorld
    var generation: Int64 = 1
    let references = ["r.io/a", "r.io/b", "s.io/c", "s.io/d", "t.io/e"]
    let restarts: Bool
    let hasAgents: Bool
    let hasSeeds: Bool
    let hasWindows: Bool

    init(
      seed: UInt64, restarts: Bool, hasAgents: Bool = false, hasSeeds: Bool = false, hasWindows: Bool = false
    ) {
      self.hasWindows = hasWindows
      self.hasAgents = hasAgents
      self.hasSeeds = hasSeeds
      chance = Chance(state: seed)
      var limits = FleetLimits()
      limits.maxPods = chance.number(2...6)
      limits.imagesPerPod = chance.number(2...5)
      world = FleetWorld(limits: limits)
      world.delaysAnswers = chance.isOneOf(2)
      world.notesKnown = hasWindows
      self.restarts = restarts
      for reference in references { world.registry[reference] = .has(digest(of: reference)) }
      world.remembersSecrets = chance.isOneOf(2)
      for node in 0..<chance.number(2...6) { world.addNode("n\(node)") }
      for _ in 0..<2 { edit() }
    }

    /// What a reference resolves to now.
    func digest(of reference: String) -> Digest {
      if case .has(let digest) = world.registry[reference] { return digest }
      return FleetWorld.digest(1)
    }

    mutating func node() -> String { "n\(chance.number(0...7))" }

    mutating func prepull() -> PrepullID { .named("p\(chance.number(0...2))") }

    /// A Prepull comes, or is edited.
    mutating func edit(_ id: PrepullID? = nil) {
      let id = id ?? prepull()
      if world.leaving.contains(id) { return }
      generation += 1
      let wanted = references.filter { _ in chance.number(0...2) > 0 }
      var plan = FleetPlan.of([])
      plan.images = wanted.map { reference in
        let resolution = ImageResolution(digest: digest(of: reference), platforms: [], variants: [:])
        return FleetImage(
          reference: reference, registry: String(reference.prefix { $0 != "/" }),
          resolution: chance.isOneOf(4) ? nil : resolution)
      }
      plan.generation = generation
      plan.createdAt = .seconds(chance.number(0...3))
      plan.priority = chance.number(0...1)
      plan.parallelism = .nodes(chance.number(1...3))
      plan.perRegistry = chance.number(1...3)
      plan.maxFailures = chance.isOneOf(3) ? .nodes(chance.number(0...2)) : .percent(100)
      plan.timeout = .seconds(200)
      plan.retries = chance.number(1...4)
      plan.refreshes = chance.isOneOf(2)
      plan.mode = chance.isOneOf(6) ? .once : .keep
      plan.verifyEvery = chance.isOneOf(2) ? .seconds(chance.number(100...1000)) : nil
      plan.gate = chance.isOneOf(3) ? FleetPlan.Gate(taint: "cold", deadline: .seconds(300)) : nil
      plan.isSuspended = chance.isOneOf(10)
      if hasSeeds { plan.seeds = chance.number(0...2) }
      if hasWindows {
        plan.isClosed = chance.isOneOf(2)
        plan.closesAll = chance.isOneOf(3)
      }
      if hasAgents {
        plan.engine = [.kubelet, .agent(fallsBack: true), .agent(fallsBack: false)][chance.number(0...2)]
      }
      if chance.isOneOf(4) { plan.nodes.selector = [NodeRequirement("pool", .exists)] }
      if chance.isOneOf(3) { plan.access = PullAccess(namespace: "ns", secrets: ["s\(chance.number(0...1))"]) }
      world.setPlan(id, plan)
    }

    mutating func step() {
      switch chance.number(0...99) {
      case 0..<4: edit()
      case 4..<6:
        if chance.isOneOf(2), let id = world.plans.keys.sorted(by: { $0.key < $1.key }).first { world.removePlan(id) }
      case 6..<9: addNode()
      case 9..<11: world.removeNode(node())
      case 11..<15: changeNode()
      case 15..<17: let name = node(); world.nodes[name]?.isUp.toggle()
      case 17..<19: let name = node(); world.nodes[name]?.isFull.toggle()
      case 19..<22: changeRegistry()
      case 22..<25: disturbPod()
      case 25..<26: loseImage()
      case 26..<27:
        // The same content comes to a node under another name.
        let name = node()
        world.nodes[name]?.aliases.insert(FleetWorld.digest(UInt8(chance.number(1...3))))
      case 27..<30: world.tell(.busy(node: node(), by: chance.isOneOf(2) ? "other/pod" : nil))
      case 30..<33 where restarts: world.restart()
      case 30..<33 where hasAgents: changeAgent()
      case 33..<36: failCreation()
      case 36..<40:
        if !world.late.isEmpty { world.tell(world.late.remove(at: chance.number(0...(world.late.count - 1)))) }
      case 40..<80:
        // In any order, as calls overtake each other.
        for _ in 0..<chance.number(1...4) where !world.pending.isEmpty {
          world.perform(chance.number(0...(world.pending.count - 1)))
        }
      case 80..<85 where hasWindows: turnWindow()
      default:
        world.now += .milliseconds(chance.number(100...20_000))
        world.work()
        world.tell(.tick)
      }
    }

    /// The windows of a Prepull open or close; its generation stays.
    private mutating func turnWindow() {
      let ids = world.plans.keys.sorted { $0.key < $1.key }
      guard let id = ids.randomElement(using: &chance), var plan = world.plans[id] else { return }
      plan.isClosed.toggle()
      world.setPlan(id, plan)
    }

    /// All windows close, and nothing whatever is begun from now on.
    mutating func close() {
      for (id, old) in world.plans.sorted(by: { $0.key.key < $1.key.key }) {
        var plan = old
        (plan.isClosed, plan.closesAll) = (true, true)
        world.setPlan(id, plan)
      }
    }

    private mutating func addNode() {
      let name = node()
      let isGated = chance.isOneOf(2)
      let isPooled = chance.isOneOf(2)
      let isReady = !chance.isOneOf(3)
      world.addNode(name, age: .seconds(chance.number(0...30))) { facts in
        facts.isReady = isReady
        if isPooled { facts.labels["pool"] = "x" }
        if isGated { facts.taints = [NodeFacts.Taint(key: "cold", effect: "NoSchedule")] }
      }
    }

    private mutating func changeAgent() {
      let name = node()
      let agent: FleetNode.Agent = [.none, .starting, .ready, .ready][chance.number(0...3)]
      let hasPressure = chance.isOneOf(4)
      world.nodes[name]?.agent = agent
      world.nodes[name]?.hasDiskPressure = hasPressure
      world.changeNode(name) { _ in }
    }

    private mutating func changeNode() {
      if hasAgents, chance.isOneOf(2) { return changeAgent() }
      let what = chance.number(0...3)
      world.changeNode(node()) { facts in
        switch what {
        case 0: facts.isReady.toggle()
        case 1: facts.isSchedulable.toggle()
        case 2: facts.labels["pool"] = facts.labels["pool"] == nil ? "x" : nil
        default: facts.isBeingDeleted = false
        }
      }
    }

    private mutating func changeRegistry() {
      let reference = references[chance.number(0...4)]
      switch chance.number(0...3) {
      case 0: world.registry[reference] = FleetWorld.down
      case 1: world.registry[reference] = FleetWorld.notFound
      default: world.registry[reference] = .has(FleetWorld.digest(UInt8(chance.number(1...3))))
      }
      resolve()
    }

    /// Whoever resolves tags sees what the registry has.
    mutating func resolve() {
      for (id, old) in world.plans.sorted(by: { $0.key.key < $1.key.key }) {
        var plan = old
        for index in plan.images.indices where plan.images[index].resolution != nil {
          let reference = plan.images[index].reference
          if case .has(let digest) = world.registry[reference] {
            plan.images[index].resolution?.digest = digest
          }
          plan.images[index].refusal =
            world.registry[reference] == FleetWorld.notFound ? FleetWorld.failure("notFound") : nil
        }
        if plan != old { world.setPlan(id, plan) }
      }
    }

    private mutating func failCreation() {
      let failure = FleetWorld.failure("forbidden")
      switch chance.number(0...3) {
      case 0: world.creationFailure = (.crowded(failure), isMade: false)
      case 1: world.creationFailure = (.final(failure), isMade: false)
      default: world.creationFailure = (.passing(after: .seconds(3)), isMade: chance.isOneOf(2))
      }
    }

    private mutating func disturbPod() {
      let all = world.pods.keys.sorted { ($0.node, $0.prepull.key) < ($1.node, $1.prepull.key) }
      guard let id = all.randomElement(using: &chance), var pod = world.pods[id]?.seen else { return }
      switch chance.number(0...2) {
      case 0:
        world.pods[id] = nil
        world.tell(.podGone(id, uid: pod.uid))
      case 1:
        pod.phase = .failed(reason: "Evicted")
        world.pods[id]?.seen = pod
        world.tell(.pod(pod))
      default:
        pod.isBeingDeleted = true
        world.pods[id]?.seen = pod
        world.tell(.pod(pod))
      }
    }

    private mutating func loseImage() {
      let name = node()
      let reference = references[chance.number(0...4)]
      let left = world.nodes[name]?.held.filter { !$0.key.hasPrefix(reference) }
      world.nodes[name]?.held = left ?? [:]
      world.tell(.suspect(node: name))
    }

    /// All is well again, from now on.
    mutating func heal() {
      world.creationFailure = nil
      world.delaysAnswers = false
      for input in world.late { world.tell(input) }
      world.late = []
      for reference in references { world.registry[reference] = .has(digest(of: reference)) }
      resolve()
      for name in world.nodes.keys.sorted() {
        world.nodes[name]?.isUp = true
        world.nodes[name]?.isFull = false
        world.nodes[name]?.hasDiskPressure = false
        if hasAgents { world.nodes[name]?.agent = .ready }
        world.changeNode(name) { facts in
          facts.isReady = true
          facts.isSchedulable = true
        }
        world.tell(.busy(node: name, by: nil))
      }
      for (id, old) in world.plans.sorted(by: { $0.key.key < $1.key.key }) {
        generation += 1
        var plan = old
        plan.isSuspended = false
        plan.isClosed = false
        plan.mode = .keep
        plan.generation = generation
        plan.refreshes = true
        plan.verifyEvery = .seconds(600)
        world.setPlan(id, plan)
      }
    }
  }

  @Test("Invariants", arguments: 0..<60)
  func invariants(seed: Int) { play(Storm(seed: UInt64(seed), restarts: seed % 3 != 0), seed) }

  @Test("Invariants with agents", arguments: 0..<60)
  func agents(seed: Int) { play(Storm(seed: UInt64(1000 + seed), restarts: seed % 3 != 0, hasAgents: true), seed) }

  @Test("Invariants with seeds", arguments: 0..<60)
  func seeds(seed: Int) {
    play(Storm(seed: UInt64(2000 + seed), restarts: seed % 3 != 0, hasAgents: seed % 2 == 0, hasSeeds: true), seed)
  }

  @Test("Invariants with windows that open and close", arguments: 0..<60)
  func windows(seed: Int) {
    play(
      Storm(
        seed: UInt64(3000 + seed), restarts: seed % 3 != 0, hasAgents: seed % 2 == 0, hasSeeds: seed % 4 < 2,
        hasWindows: true), seed)
  }

  private func play(_ storm: Storm, _ seed: Int) {
    var storm = storm
    for _ in 0..<400 where storm.world.complaints.isEmpty { storm.step() }
    #expect(storm.world.complaints.isEmpty, "seed \(seed): \(storm.world.complaints.prefix(3))")
    if storm.hasWindows {
      // What was begun comes to its end in closed windows too.
      storm.close()
      storm.world.run(.seconds(600))
    }
    storm.heal()
    storm.world.settle(within: .seconds(4000))
    let world = storm.world
    #expect(world.complaints.isEmpty, "seed \(seed): \(world.complaints.prefix(3))")
    #expect(world.leaving.isEmpty, "seed \(seed)")
    for (id, plan) in world.plans {
      let summary = world.summary(id)
      #expect(
        summary.isReady && summary.nodes.wanted > 0 || world.nodes.values.allSatisfy { !$0.facts.taints.isEmpty }
          || !plan.nodes.selector.isEmpty,
        "seed \(seed): \(id.name) \(summary.nodes) \(summary.blocked)")
      for (name, node) in world.nodes where plan.nodes.selector.allSatisfy({ $0.isMet(by: node.facts.labels) }) {
        guard node.facts.taints.isEmpty else { continue }
        for image in plan.images {
          let held = node.held[image.reference]
          #expect(
            held != nil && (image.resolution == nil || held == storm.digest(of: image.reference)),
            "seed \(seed): \(image.reference) on \(name)")
          #expect(
            world.records[name]?.images.first { $0.reference == image.reference }?.state == .warm,
            "seed \(seed): \(name)")
        }
      }
    }
    for (name, node) in world.nodes {
      let isGated = world.plans.values.contains {
        $0.gate != nil && $0.nodes.selector.allSatisfy { $0.isMet(by: node.facts.labels) }
      }
      #expect(!isGated || node.facts.taints.isEmpty, "seed \(seed): \(name) is still gated")
    }
    for record in world.records.values {
      #expect(record.uid == world.nodes[record.node]?.facts.uid, "seed \(seed)")
    }
  }
}
