import Testing

@testable import Warming

@Suite("Tables of nodes and Prepulls", .timeLimit(.minutes(1)))
struct TableTests {
  @Test("A node has one place under its name, which another gets when it is gone")
  func places() {
    var nodes = NodeTable()
    let first = nodes.add("n1")
    let second = nodes.add("n2")
    #expect(nodes.add("n1") == first && first != second)
    nodes[first].uid = "u1"
    nodes.remove(first)
    #expect(nodes.index(of: "n1") == nil)
    #expect(nodes.add("n3") == first)
    #expect(nodes[first].name == "n3" && nodes[first].uid.isEmpty)
    #expect(Array(nodes.indices) == [first, second])
  }

  @Test("What is dirty comes up once, however often it was marked")
  func dirty() {
    var nodes = NodeTable()
    let node = nodes.add("n1")
    #expect(!nodes.hasDirty)
    nodes.markDirty(node)
    nodes.markDirty(node)
    #expect(nodes.popDirty() == node)
    #expect(nodes.popDirty() == nil)
    nodes.markDirty(node)
    #expect(nodes.popDirty() == node)
  }

  @Test("Prepulls rank by priority, then by age, then by name; those that are gone do not")
  func rank() {
    var plans = PrepullTable()
    func add(_ name: String, priority: Int, createdAt: Int, isGone: Bool = false) {
      let id = PrepullID(namespace: "ns", name: name, uid: name)
      var plan = FleetPlan(generation: 1, images: [], createdAt: .seconds(createdAt))
      plan.priority = priority
      var state = FleetMachine.PlanState(
        id: id, owner: OwnerNumber(value: 0), plan: plan, access: AccessNumber(value: 0))
      state.isGone = isGone
      let index = plans.add(state)
      #expect(plans.popDirty() == index)
    }
    add("b", priority: 0, createdAt: 1)
    add("a", priority: 0, createdAt: 1)
    add("old", priority: 0, createdAt: 0)
    add("high", priority: 1, createdAt: 9)
    add("gone", priority: 9, createdAt: 0, isGone: true)
    plans.rank()
    #expect(plans.ranked.map { plans[$0].id.name } == ["high", "old", "a", "b"])
  }
}
