import Checking
import Testing

@Suite("Estimates of pulls", .timeLimit(.minutes(10)))
struct PullEstimateTests {
  private static let megabyte: Int64 = 1_000_000

  /// A model without overheads, and rates in MB/s.
  private static func model(node: Double, registry: Double? = nil, unpack: Double? = nil) -> PullModel {
    PullModel(
      nodeBandwidth: node * 1e6, registryBandwidth: registry.map { $0 * 1e6 }, unpackBandwidth: unpack.map { $0 * 1e6 },
      latency: .zero, turn: .zero, frame: .zero)
  }

  /// Equal nodes with images of equal size, in MB.
  private static func loads(nodes: Int, images: Int = 1, size: Int64, unpacked: Int64 = 0) -> [[PullLoad]] {
    let load = PullLoad(bytes: size * megabyte, unpackedBytes: unpacked * megabyte)
    return Array(repeating: Array(repeating: load, count: images), count: nodes)
  }

  private static func seconds(_ estimate: PullEstimate) -> Double { estimate.duration / .seconds(1) }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let model: PullModel
    let loads: [[PullLoad]]
    let parallelism: Int
    let seconds: Double
    let bound: PullEstimate.Bound
  }

  private static let overheads = PullModel(
    nodeBandwidth: 1e9, latency: .milliseconds(100), turn: .milliseconds(500), frame: .seconds(1))

  private static let layered = {
    var layered = model(node: 10, unpack: 50)
    layered.layerTime = .milliseconds(100)
    return layered
  }()

  static let cases = [
    Case(
      testDescription: "one node, its link", model: model(node: 10), loads: loads(nodes: 1, images: 3, size: 20),
      parallelism: 1, seconds: 6, bound: .nodeLink),
    Case(
      testDescription: "all at once, the nodes' links", model: model(node: 10, registry: 1000),
      loads: loads(nodes: 50, size: 20), parallelism: 50, seconds: 2, bound: .nodeLink),
    Case(
      testDescription: "all at once, the registry's link", model: model(node: 10, registry: 20),
      loads: loads(nodes: 10, size: 20), parallelism: 10, seconds: 10, bound: .registryLink),
    Case(
      testDescription: "a registry as wide as one node", model: model(node: 10, registry: 10),
      loads: loads(nodes: 4, size: 20), parallelism: 1, seconds: 8, bound: .registryLink),
    Case(
      testDescription: "one after the other", model: model(node: 10, registry: 100), loads: loads(nodes: 4, size: 20),
      parallelism: 1, seconds: 8, bound: .waves),
    Case(
      testDescription: "waves that do not come out even", model: model(node: 10), loads: loads(nodes: 5, size: 20),
      parallelism: 2, seconds: 6, bound: .waves),
    Case(
      testDescription: "waves before a registry that bears no more", model: model(node: 10, registry: 20),
      loads: loads(nodes: 8, size: 10), parallelism: 4, seconds: 4, bound: .registryLink),
    Case(
      testDescription: "unpacking", model: model(node: 10, unpack: 20),
      loads: loads(nodes: 3, size: 10, unpacked: 100), parallelism: 3, seconds: 6, bound: .disk),
    // Nodes that begin together stay in step, and the registry rests while they all unpack: more at a time would help.
    Case(
      testDescription: "waves that unpack together", model: model(node: 10, registry: 20, unpack: 10),
      loads: loads(nodes: 8, size: 10, unpacked: 20), parallelism: 4, seconds: 8, bound: .waves),
    Case(
      testDescription: "questions and answers", model: overheads, loads: loads(nodes: 3, images: 5, size: 1),
      parallelism: 3, seconds: 1 + 0.5 + 5 * 0.101, bound: .latency),
    Case(
      testDescription: "turns add up", model: overheads, loads: loads(nodes: 3, images: 5, size: 1), parallelism: 1,
      seconds: 1 + 3 * (0.5 + 5 * 0.101), bound: .waves),
    Case(
      testDescription: "nodes that lack nothing cost their turn", model: overheads, loads: [[], []], parallelism: 2,
      seconds: 1.5, bound: .latency),
    // 2 s for 20 MB, 1 s for 50 MB unpacked, 2 s for 20 layers.
    Case(
      testDescription: "each layer takes its time", model: layered,
      loads: [[PullLoad(bytes: 20 * megabyte, unpackedBytes: 50 * megabyte, layers: 20)]], parallelism: 1, seconds: 5,
      bound: .disk),
    // 10 s of two on the registry's 10 MB/s (50 MB each), then the larger one alone at 10 MB/s: 5 s.
    Case(
      testDescription: "the last has the link for itself", model: model(node: 10, registry: 10),
      loads: [[PullLoad(bytes: 50 * megabyte)], [PullLoad(bytes: 100 * megabyte)]], parallelism: 2, seconds: 15,
      bound: .registryLink),
    // The small ones finish after 2 s and share the registry; what counts is the one large node.
    Case(
      testDescription: "one large node among small ones", model: model(node: 10, registry: 50),
      loads: [[PullLoad(bytes: 200 * megabyte)]] + loads(nodes: 9, size: 10), parallelism: 10, seconds: 21,
      bound: .nodeLink),
    Case(
      testDescription: "more at a time than there are", model: model(node: 10), loads: loads(nodes: 2, size: 20),
      parallelism: .max, seconds: 2, bound: .nodeLink),
  ]

  @Test("Worked examples", arguments: cases)
  func example(_ example: Case) {
    let estimate = example.model.estimate(example.loads, parallelism: example.parallelism)
    #expect(abs(Self.seconds(estimate) - example.seconds) < 1e-6, "\(estimate)")
    #expect(estimate.bound == example.bound)
    #expect(estimate.parallelism == example.parallelism)
  }

  @Test("No node takes no time")
  func nothing() {
    #expect(PullModel(nodeBandwidth: 1).estimate([], parallelism: 5).duration == .zero)
    #expect(PullModel(nodeBandwidth: 1).estimates([]) == [])
    #expect(PullModel(nodeBandwidth: 1, registryBandwidth: 1).limits([[], []]).isEmpty)
  }

  @Test("Numbers that make no sense end too", arguments: [0.0, -5, .infinity])
  func nonsense(bandwidth: Double) {
    let model = PullModel(nodeBandwidth: bandwidth, registryBandwidth: bandwidth, unpackBandwidth: bandwidth)
    let estimate = model.estimate([[PullLoad(bytes: 3, unpackedBytes: -1), PullLoad(bytes: -3)]], parallelism: 0)
    #expect(estimate.parallelism == 1 && estimate.duration >= model.frame)
  }

  @Test(
    "Several numbers of nodes at a time, all at once the last",
    arguments: [
      (1, [1]), (2, [1, 2]), (7, [1, 2, 5, 7]), (20, [1, 2, 5, 10, 20]),
      (5000, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]),
    ])
  func steps(nodes: Int, parallelism: [Int]) {
    let estimates = Self.model(node: 10, registry: 100).estimates(Self.loads(nodes: nodes, size: 10))
    #expect(estimates.map(\.parallelism) == parallelism)
    #expect(zip(estimates, estimates.dropFirst()).allSatisfy { Self.seconds($0) >= Self.seconds($1) - 1e-9 })
  }

  @Test("The limits are those of the slowest node and of all bytes, and no estimate is under them")
  func limits() {
    let model = Self.model(node: 10, registry: 20, unpack: 50)
    let loads = Self.loads(nodes: 4, size: 30, unpacked: 75) + Self.loads(nodes: 1, images: 2, size: 30, unpacked: 75)
    let limits = model.limits(loads)
    #expect(limits.map(\.bound) == [.nodeLink, .registryLink, .disk])
    #expect(limits.map { $0.duration / .seconds(1) } == [6, 9, 3])
    for estimate in model.estimates(loads) {
      #expect(limits.allSatisfy { estimate.duration >= $0.duration })
    }
  }

  /// Node by node, with every rate worked out again at each event.
  private static func reference(_ model: PullModel, _ loads: [[PullLoad]], parallelism: Int) -> Double {
    enum Stage { case waiting(Double), transfer(Double), unpacking(Double) }
    struct Node {
      let load: [PullLoad]
      var image = 0
      var stage: Stage
    }
    let (turn, latency) = (model.turn / .seconds(1), model.latency / .seconds(1))
    var queue = loads[...]
    var active: [Node] = []
    var time = 0.0
    func begun(_ load: [PullLoad]) -> Node {
      Node(load: load, stage: .waiting(turn + (load.isEmpty ? 0 : latency)))
    }
    while true {
      while active.count < parallelism, let load = queue.popFirst() { active.append(begun(load)) }
      guard !active.isEmpty else { return time }
      let flows = active.count { if case .transfer = $0.stage { true } else { false } }
      let rate = min(model.nodeBandwidth, (model.registryBandwidth ?? .infinity) / Double(max(1, flows)))
      func left(_ node: Node) -> Double {
        switch node.stage {
        case .waiting(let seconds), .unpacking(let seconds): seconds
        case .transfer(let bytes): bytes / rate
        }
      }
      let step = active.map(left).min() ?? 0
      time += step
      active = active.compactMap { node in
        var node = node
        let isDone = left(node) - step < 1e-9
        switch node.stage {
        case .waiting(let seconds):
          node.stage = .waiting(seconds - step)
          guard isDone else { return node }
          guard node.image < node.load.count else { return nil }
          node.stage = .transfer(Double(node.load[node.image].bytes))
        case .transfer(let bytes):
          node.stage = .transfer(bytes - step * rate)
          guard isDone else { return node }
          node.stage = .unpacking(
            model.unpackBandwidth.map { Double(node.load[node.image].unpackedBytes) / $0 } ?? 0)
        case .unpacking(let seconds):
          node.stage = .unpacking(seconds - step)
          guard isDone else { return node }
          node.image += 1
          guard node.image < node.load.count else { return nil }
          node.stage = .waiting(latency)
        }
        return node
      }
    }
  }

  @Test("Playing equal nodes as one gives what playing each gives", arguments: 0..<40)
  func equivalence(seed: UInt64) {
    var random = SplitMix(state: seed)
    let model = PullModel(
      nodeBandwidth: Double.random(in: 1e6...5e7, using: &random),
      registryBandwidth: Bool.random(using: &random) ? .random(in: 1e6...2e8, using: &random) : nil,
      unpackBandwidth: Bool.random(using: &random) ? .random(in: 1e7...1e8, using: &random) : nil,
      latency: .milliseconds(Int.random(in: 0...300, using: &random)),
      turn: .milliseconds(Int.random(in: 1...900, using: &random)), frame: .zero)
    let kinds = (0..<Int.random(in: 1...4, using: &random)).map { _ in
      (0..<Int.random(in: 0...4, using: &random)).map { _ in
        PullLoad(
          bytes: .random(in: 0...90_000_000, using: &random),
          unpackedBytes: .random(in: 0...200_000_000, using: &random))
      }
    }
    let loads = (0..<Int.random(in: 1...30, using: &random)).map { _ in kinds.randomElement(using: &random) ?? [] }
    for parallelism in [1, 2, 3, 7, 30] {
      let played = Self.seconds(model.estimate(loads, parallelism: parallelism))
      let expected = Self.reference(model, loads, parallelism: parallelism)
      #expect(abs(played - expected) < 1e-4 * max(1, expected), "seed \(seed), \(parallelism) at a time")
    }
  }

  /// The same numbers each time.
  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
      return value ^ (value >> 31)
    }
  }

  @Test("Thousands of nodes that all differ are played through")
  func large() {
    let loads = (0..<2000).map { node in
      (0..<5).map { PullLoad(bytes: Int64(1_000_000 + 1000 * node + $0)) }
    }
    let model = Self.model(node: 100, registry: 1000)
    let all = loads.joined().reduce(0.0) { $0 + Double($1.bytes) }
    let estimate = model.estimate(loads, parallelism: 2000)
    #expect(estimate.bound == .registryLink)
    #expect(abs(Self.seconds(estimate) - all / 1e9) < 0.01 * all / 1e9)
  }
}
