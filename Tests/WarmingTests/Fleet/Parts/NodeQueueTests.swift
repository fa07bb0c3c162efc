import Testing

@testable import Warming

@Suite("Queue of nodes", .timeLimit(.minutes(1)))
struct NodeQueueTests {
  private var queue = NodeQueue()

  private mutating func set(_ number: Int, _ priority: NodeQueue.Priority?, registries: Int32 = 0) {
    let lane = priority.map { NodeQueue.Lane(priority: $0, registries: RegistrySetNumber(value: registries)) }
    queue.set(NodeIndex(offset: number), name: "n\(number)", in: lane)
  }

  private mutating func next(
    isGated: Bool = false, isPaused: Bool = false, hasRoom: (Int32) -> Bool = { _ in true }
  ) -> Int? {
    queue.next(isGated: isGated, isPaused: isPaused, hasRoom: { hasRoom($0.registries.value) })?.offset
  }

  @Test("Priority goes before the name, and the name before the time of coming")
  mutating func order() {
    set(1, .again)
    set(3, .fresh)
    set(2, .fresh)
    set(0, .verify)
    #expect(next() == 2)
    #expect(next() == 2, "it stays until it is taken out")
    set(2, nil)
    #expect(next() == 3)
    set(3, nil)
    #expect(next() == 1)
    set(1, nil)
    #expect(next() == 0)
    set(0, nil)
    #expect(next() == nil && queue.count == 0)
  }

  @Test("Gated nodes are asked for by themselves")
  mutating func gated() {
    set(1, .gated)
    set(2, .fresh)
    set(3, .gatedAgain)
    #expect(next(isGated: true) == 3)
    #expect(next(isGated: false) == 2)
  }

  @Test("Where too many nodes failed, no fresh node is begun")
  mutating func paused() {
    set(1, .fresh)
    #expect(next(isPaused: true) == nil)
    set(2, .again)
    #expect(next(isPaused: true) == 2)
  }

  @Test("A registry without room holds up its own nodes only")
  mutating func room() {
    set(1, .fresh, registries: 7)
    set(2, .fresh, registries: 8)
    #expect(next { $0 != 7 } == 2)
    #expect(next { $0 != 7 && $0 != 8 } == nil)
    #expect(next() == 1)
  }

  @Test("A node that moves is in its last lane only")
  mutating func moved() {
    set(1, .fresh)
    set(2, .again)
    set(1, .verify)
    #expect(queue.count == 2)
    #expect(next() == 2)
    for _ in 0..<1000 {
      set(1, .fresh)
      set(1, .again)
    }
    set(2, nil)
    #expect(next() == 1 && queue.count == 1)
  }
}
