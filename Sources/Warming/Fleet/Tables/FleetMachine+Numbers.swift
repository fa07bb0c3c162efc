/// Which numbers nodes and Prepulls still speak of.
extension FleetMachine {
  /// Values that are kept at all, for tests.
  package var numberCount: Int { imageTable.count + budget.registryCount }

  mutating func freeNumbers() {
    guard imageTable.isFull else { return }
    var used = ImageTable.Used()
    for plan in plans.states { used.insert(plan) }
    for node in nodes.states { used.insert(node) }
    imageTable.retain(used)
  }
}

extension ImageTable.Used {
  fileprivate mutating func insert(_ plan: FleetMachine.PlanState) {
    guard !plan.isFree else { return }
    owners.insert(plan.owner)
    accesses.insert(plan.access)
    images.formUnion(plan.images)
    registries.formUnion(plan.registries)
    for accepted in plan.accepted { digests.formUnion(accepted ?? []) }
    digests.formUnion(plan.wantedDigests.compactMap(\.self))
    for lane in plan.queue.lanes { insert(registrySet: lane.registries) }
  }

  fileprivate mutating func insert(_ node: FleetMachine.NodeState) {
    for entry in node.held.entries {
      insert(entry.key)
      digests.insert(entry.digest)
    }
    for (key, alias) in node.aliases {
      insert(key)
      if let digest = alias.disproved { digests.insert(digest) }
    }
    for key in node.checks.unverified ?? [] { insert(key) }
    for key in node.missing { insert(key) }
    for key in node.failures.keys {
      images.insert(key.image)
      owners.insert(key.owner)
    }
    images.formUnion(node.checks.listed ?? [])
    images.formUnion(node.agent.ordered)
    images.formUnion(node.agent.refused)
    images.formUnion(node.losses.keys)
    for pod in node.pods {
      accesses.insert(pod.access)
      images.formUnion(pod.images.map(\.number))
      registries.formUnion(pod.registries)
    }
  }

  private mutating func insert(_ key: HeldImages.Key) {
    images.insert(key.image)
    accesses.insert(key.access)
  }
}
