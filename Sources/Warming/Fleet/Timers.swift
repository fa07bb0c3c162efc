import Documents

/// When nodes and Prepulls are to be reconciled again: one timer each.
struct Timers: Sendable {
  enum Owner: Hashable, Sendable {
    case node(NodeIndex)
    case plan(PlanIndex)
  }

  private struct Timer: Comparable, Sendable {
    let due: Duration
    let owner: Owner

    static func < (one: Self, other: Self) -> Bool { one.due < other.due }
  }

  /// Timers that were moved stay in it until they come up or are too many.
  private var heap = Heap<Timer>()
  private var nodes: [Duration?] = []
  private var plans: [Duration?] = []

  /// Entries that are kept, outdated ones among them; for tests.
  var count: Int { heap.count }
  /// When a timer may fire next, at the earliest.
  var nextDue: Duration? { heap.min?.due }

  /// Sets the one timer of a node or Prepull, or takes it away.
  mutating func set(_ owner: Owner, at due: Duration?) {
    guard self.due(of: owner) != due else { return }
    store(due, for: owner)
    guard let due else { return }
    heap.insert(Timer(due: due, owner: owner))
    if heap.count > 4 * (nodes.count + plans.count) + 64 { dropOutdated() }
  }

  /// Takes one timer out that is due; nil when none is.
  mutating func fire(at now: Duration) -> Owner? {
    while let timer = heap.min {
      let isValid = due(of: timer.owner) == timer.due
      guard timer.due <= now || !isValid else { return nil }
      heap.popMin()
      guard isValid else { continue }
      store(nil, for: timer.owner)
      return timer.owner
    }
    return nil
  }

  private mutating func dropOutdated() {
    var kept = heap
    heap = Heap()
    kept.removeAll { due(of: $0.owner) != $0.due }
    heap = kept
  }

  private func due(of owner: Owner) -> Duration? {
    switch owner {
    case .node(let node): node.offset < nodes.count ? nodes[node.offset] : nil
    case .plan(let plan): plan.offset < plans.count ? plans[plan.offset] : nil
    }
  }

  private mutating func store(_ due: Duration?, for owner: Owner) {
    switch owner {
    case .node(let node):
      while nodes.count <= node.offset { nodes.append(nil) }
      nodes[node.offset] = due
    case .plan(let plan):
      while plans.count <= plan.offset { plans.append(nil) }
      plans[plan.offset] = due
    }
  }
}
