import ImageModel
import PrepullAPI
import Runtimes
import Testing
import VirtualCluster

@testable import NodeAgent

@Suite("An agent among random events", .timeLimit(.minutes(5)))
struct AgentStormTests {
  @Test("Whatever happens in whatever order, the rules hold and all is settled in the end", arguments: 0..<60)
  func storm(number: UInt64) {
    var storm = Storm(seed: number &* 7919 &+ 13)
    for _ in 0..<300 { storm.step() }
    storm.settle()
  }
}

/// A node that does what the machine says, in random order.
private struct Storm {
  let seed: UInt64
  var random: SplitMix64
  var lab = MachineLab { $0.parallelism = 2 }
  let images = (0..<6).map { "registry.example/image-\($0):1" }
  var here: Set<String> = []
  var running: Set<String> = []
  var used: Set<String> = []
  var wished: [WarmNode.Wish] = []
  var hasPressure = false
  var isSweeping = false
  var awaited: [AgentInput] = []
  var orders = 0

  init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(state: seed)
    (lab.writes, lab.sweeps) = (false, false)
    // The first list was asked for when the machine was made.
    awaited = [.images([])]
    lab.want([])
  }

  mutating func step() {
    switch Int.random(in: 0..<12, using: &random) {
    case 0, 1:
      orders += 1
      wished = images.shuffled(using: &random).prefix(Int.random(in: 0...6, using: &random)).map {
        MachineLab.wish($0, order: "\(Int.random(in: 0...orders, using: &random))", removal: "Unused")
      }
      tell(.record(AgentRecord(uid: "record", nodeUID: "node", wishes: wished)))
    case 2:
      hasPressure.toggle()
      tell(.node(AgentNode(uid: "node", hasDiskPressure: hasPressure)))
    case 3:
      if let lost = here.subtracting(used).randomElement(using: &random) { here.remove(lost) }
      tell(.changed(.gone("it")))
    case 4: if let image = here.randomElement(using: &random) { used.insert(image) }
    case 5: used = []
    case 6, 7: if let image = running.randomElement(using: &random) { end(image) }
    case 8: tell(.time, after: .seconds(Int.random(in: 1...1000, using: &random)))
    default:
      guard !awaited.isEmpty else { return tell(.time, after: .seconds(1)) }
      answer(Int.random(in: 0..<awaited.count, using: &random))
    }
  }

  /// Ends the storm: no more pressure and faults, and all that is awaited comes.
  mutating func settle() {
    hasPressure = false
    tell(.node(AgentNode(uid: "node")))
    for _ in 0..<400 {
      if let image = running.first { end(image, succeeds: true) }
      if !awaited.isEmpty { answer(0) }
      tell(.time, after: .seconds(60))
    }
    #expect(Set(wished.map(\.image)).isSubset(of: here.union(failed)), "seed \(seed)")
    let written = lab.machine.written
    #expect(written?.images?.map(\.image) == wished.map(\.image), "seed \(seed)")
    #expect(written?.images?.map(\.order) == wished.map(\.order), "seed \(seed)")
    #expect(written?.images?.contains { $0.state != .warm && $0.state != .failed } == false, "seed \(seed)")
  }

  private var failed: Set<String> {
    Set(lab.machine.entries.values.filter { $0.state == .failed }.map(\.wish.image))
  }

  private mutating func end(_ image: String, succeeds: Bool = false) {
    running.remove(image)
    if succeeds || Int.random(in: 0..<3, using: &random) > 0 {
      let isPulled = here.insert(image).inserted
      tell(.pullEnded(image: image, .warm(.init(digest: MachineLab.wanted.description, isPulled: isPulled))))
    } else {
      tell(.pullEnded(image: image, .failed(reason: "Denied", message: "no")))
    }
  }

  /// Answers come as they were when they are given: what a list says may be old.
  private mutating func answer(_ index: Int) {
    let answer = awaited.remove(at: index)
    if case .swept = answer { isSweeping = false }
    tell(answer)
  }

  private mutating func tell(_ input: AgentInput, after wait: Duration = .zero) {
    for action in lab.tell(input, after: wait) { perform(action) }
  }

  private mutating func perform(_ action: AgentAction) {
    let wanted = Set(wished.map(\.image))
    switch action {
    case .pull(let task):
      #expect(running.insert(task.image).inserted, "two pulls of \(task.image), seed \(seed)")
      #expect(!hasPressure, "a pull under disk pressure, seed \(seed)")
      #expect(running.count <= 2, "seed \(seed)")
    case .cancel(let image):
      running.remove(image)
      awaited.append(.pullEnded(image: image, .cancelled))
    case .pin(let image, _, let isPinned):
      #expect(!isPinned || !hasPressure, "a pin under disk pressure, seed \(seed)")
      #expect(!isPinned || wanted.contains(image), "seed \(seed)")
      #expect(!isPinned || !isSweeping, "a pin while pins are released, seed \(seed)")
      awaited.append(.pinned(image: image, isPinned: isPinned, succeeded: true))
    case .remove(let image, _):
      #expect(!wanted.contains(image), "\(image) is wanted and removed, seed \(seed)")
      #expect(!used.contains(image), "\(image) is used and removed, seed \(seed)")
      here.remove(image)
      awaited.append(.removed(image: image, succeeded: true))
    case .list: awaited.append(.images(here.map { MachineLab.held($0) }))
    // Asked and answered in one: what uses images may change meanwhile in a real node too, and is not the machine's.
    case .askUsed: tell(.used(used))
    case .write: awaited.append(.written(succeeded: Int.random(in: 0..<4, using: &random) > 0))
    case .releaseAll:
      isSweeping = true
      awaited.append(.swept(succeeded: Int.random(in: 0..<3, using: &random) > 0))
    case .remember: break
    }
  }
}
