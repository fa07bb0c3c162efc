@testable import Warming
import ImageModel
import Testing

/// Random sequences: whatever comes in whatever order, the machine keeps what it promises.
@Suite("A plan that comes to an end, under random sequences", .timeLimit(.minutes(10)))
struct RolloutStormTests {
  @Test("Invariants", arguments: 0..<150)
  func invariants(seed: Int) { play(seed, seeds: 0) }

  @Test("Invariants with seeds", arguments: 0..<90)
  func seeds(seed: Int) { play(seed, seeds: 1 + seed % 3) }

  private func play(_ seed: Int, seeds: Int) {
    var chance = Chance(state: UInt64(seed))
    let limit = Int.random(in: 1...4, using: &chance)
    var story = RolloutStory(images: Int.random(in: 1...5, using: &chance)) {
      $0.parallelism = .nodes(limit)
      $0.seeds = seeds
      $0.limits.imagesPerPod = Int.random(in: 1...3, using: &chance)
      $0.rules.apart = Bool.random(using: &chance) ? [] : [[0], [2, 3]]
      $0.nodeTimeout = .seconds(100)
      $0.rules.maxFailures = Bool.random(using: &chance) ? nil : .nodes(Int.random(in: 0...3, using: &chance))
      $0.rules.timeout = Int.random(in: 0..<4, using: &chance) == 0 ? .seconds(300) : nil
    }
    var outcomes: [String: Int] = [:]
    var generation: [String: Int] = [:]
    var asked: Set<FleetPod.ID> = []
    var deleted: Set<FleetPod.ID> = []
    var working: Set<String> = []
    var hasStopped = false

    func check(_ actions: [FleetMachine.Action]) {
      for action in actions {
        switch action {
        case .create(let order):
          let id = order.id
          #expect(
            !hasStopped || story.machine.stopReason.map(Self.isDraining) == true, "seed \(seed): begun after a stop")
          #expect(!order.images.isEmpty, "seed \(seed)")
          asked.insert(id)
          working.insert(id.node)
        case .delete(let id, _):
          #expect(asked.contains(id), "seed \(seed): \(id) was never asked for")
          #expect(deleted.insert(id).inserted, "seed \(seed): \(id) deleted twice")
        case .rollout(.nodeFinished(let node, _)):
          outcomes["\(node)/\(generation[node] ?? 0)", default: 0] += 1
          working.remove(node)
        case .rollout(.nodeGone(let node)):
          generation[node, default: 0] += 1
          working.remove(node)
        case .rollout(.retrying(let node, _, _)), .rollout(.nodeWaits(let node)): working.remove(node)
        case .rollout(.stopping): hasStopped = true
        default: break
        }
        #expect(working.count <= limit, "seed \(seed): \(working.count) nodes at work")
      }
    }

    for _ in 0..<400 {
      check(story.tell(randomInput(&chance, story), after: .milliseconds(Int.random(in: 0...2000, using: &chance))))
    }
    // Then nothing but time, until all is over.
    for _ in 0..<10_000 where !story.machine.isRolloutFinished { check(story.tell(.tick, after: .seconds(1))) }
    #expect(story.machine.isRolloutFinished, "seed \(seed): it does not end")
    for report in story.machine.rolloutState.nodes {
      #expect(report.outcome != nil, "seed \(seed): \(report.name) has no outcome")
      #expect(outcomes["\(report.name)/\(generation[report.name] ?? 0)"] == 1, "seed \(seed): \(report.name)")
    }
    #expect(story.machine.livePods.isEmpty, "seed \(seed)")
    #expect(story.coverage.nodes == story.machine.rolloutState.nodes.map(\.name), "seed \(seed)")
  }

  private static func isDraining(_ reason: StopReason) -> Bool {
    if case .maxFailures = reason { true } else { false }
  }

  private func randomInput(_ chance: inout Chance, _ story: RolloutStory) -> RolloutStory.Input {
    let name = "n\(Int.random(in: 0..<8, using: &chance))"
    let live = story.machine.livePods.keys.sorted { $0.serial < $1.serial }
    // Mostly of pods that are there, sometimes of others.
    let id =
      live.randomElement(using: &chance).flatMap { Int.random(in: 0..<10, using: &chance) == 0 ? nil : $0 }
      ?? story.pod(name)
    let image = Int.random(in: 0..<story.coverage.images.count, using: &chance)
    switch Int.random(in: 0..<100, using: &chance) {
    case 0..<20:
      let uid = Int.random(in: 0..<10, using: &chance) == 0 ? "new\(Int.random(in: 0..<3, using: &chance))" : name
      return .nodeWanted(
        name: name, uid: uid, unsupported: Bool.random(using: &chance) ? [:] : [image: "no such platform"])
    case 20..<22: return .nodeUnwanted(name: name)
    case 22..<24: return .nodeGone(name: name)
    case 24..<34: return .podCreated(id)
    case 34..<37: return .podCreationFailed(id, .passing(after: .seconds(1)))
    case 37..<38: return .podCreationFailed(id, .crowded(WarmFailure(code: "quota", detail: "", remedy: "")))
    case 38..<42: return .podScheduled(id)
    case 42..<46: return .podUnschedulable(id, reason: "no room")
    case 46..<49: return .podLost(id, reason: "OutOfpods")
    case 49..<52: return .podSucceeded(id)
    case 52..<57: return .image(id, image: image, .pulling)
    case 57..<60: return .image(id, image: image, .pulled)
    case 60..<80: return .image(id, image: image, RolloutStory.held)
    case 80..<84: return .image(id, image: image, RolloutStory.failing())
    case 84..<88: return .image(id, image: image, RolloutStory.failing("down", .passing))
    case 88..<89:
      return .image(
        id, image: image, RolloutStory.failing(Bool.random(using: &chance) ? "noSpace" : "neverPull", .local))
    case 89: return Int.random(in: 0..<20, using: &chance) == 0 ? .stop(.cancelled) : .tick
    default: return .tick
    }
  }
}
