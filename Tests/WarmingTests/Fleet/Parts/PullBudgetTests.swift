import Testing

@testable import Warming

@Suite("Pull budget", .timeLimit(.minutes(1)))
struct PullBudgetTests {
  private let one = PlanIndex(offset: 0)
  private let other = PlanIndex(offset: 1)
  private var budget = PullBudget(maxPods: 2)

  private func numbers(_ values: Int32...) -> [RegistryNumber] { values.map { RegistryNumber(value: $0) } }

  @Test("Pods count over all Prepulls and for each")
  mutating func pods() {
    budget.take(one, registries: [])
    #expect(!budget.isUsedUp)
    budget.take(other, registries: [])
    #expect(budget.isUsedUp && budget.pods == 2)
    #expect(budget.pods(of: one) == 1 && budget.pods(of: other) == 1)
    budget.giveBack(one, registries: [])
    #expect(!budget.isUsedUp && budget.pods(of: one) == 0)
  }

  @Test("A pod needs room at each of its registries, whichever Prepull the others are for")
  mutating func registries() {
    budget.take(one, registries: numbers(1, 2))
    #expect(!budget.hasRoom(at: numbers(2, 3), limit: 1))
    #expect(budget.hasRoom(at: numbers(2, 3), limit: 2))
    #expect(budget.hasRoom(at: numbers(3), limit: 1))
    #expect(budget.hasRoom(at: [], limit: 1))
    budget.giveBack(one, registries: numbers(1, 2))
    #expect(budget.hasRoom(at: numbers(1, 2), limit: 1))
    #expect(budget.registryCount == 0)
  }

  @Test("A limit below one lets one pod pull")
  mutating func least() {
    #expect(budget.hasRoom(at: numbers(1), limit: 0))
    budget.take(one, registries: numbers(1))
    #expect(!budget.hasRoom(at: numbers(1), limit: 0))
  }
}
