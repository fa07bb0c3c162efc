/// How many pods are at work: over all, for each Prepull, and at each registry. Of a rollout, nodes count as pods do.
struct PullBudget: Sendable {
  let maxPods: Int
  private(set) var pods = 0
  private var byPlan: [PlanIndex: Int] = [:]
  private var byRegistry: [RegistryNumber: Int] = [:]

  init(maxPods: Int) { self.maxPods = maxPods }

  var isUsedUp: Bool { pods >= maxPods }
  var registryCount: Int { byRegistry.count }

  func pods(of plan: PlanIndex) -> Int { byPlan[plan, default: 0] }

  /// Whether one more pod may pull from each of these registries.
  func hasRoom(at registries: [RegistryNumber], limit: Int) -> Bool {
    registries.allSatisfy { byRegistry[$0, default: 0] < max(1, limit) }
  }

  mutating func take(_ plan: PlanIndex, registries: [RegistryNumber]) { add(1, plan, registries) }

  mutating func giveBack(_ plan: PlanIndex, registries: [RegistryNumber]) { add(-1, plan, registries) }

  private mutating func add(_ step: Int, _ plan: PlanIndex, _ registries: [RegistryNumber]) {
    pods += step
    let left = pods(of: plan) + step
    byPlan[plan] = left == 0 ? nil : left
    for registry in registries {
      let left = byRegistry[registry, default: 0] + step
      byRegistry[registry] = left == 0 ? nil : left
    }
  }
}
