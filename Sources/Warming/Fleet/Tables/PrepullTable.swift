/// The Prepulls, their rank, and which of them are to be reviewed.
struct PrepullTable: Sendable {
  private(set) var states: [FleetMachine.PlanState] = []
  private var known: [PrepullID: PlanIndex] = [:]
  private var free: [PlanIndex] = []
  /// Those that are there, the most important first.
  private(set) var ranked: [PlanIndex] = []
  /// Those that are gone and whose closed gates may have to be put on records.
  private(set) var departing: Set<PlanIndex> = []
  /// To be reviewed, each once.
  private var dirty: [PlanIndex] = []
  private var isDirty: [Bool] = []
  /// Those whose summary may have changed.
  private var changed: Set<PlanIndex> = []

  /// All places, the free ones among them.
  var indices: some Collection<PlanIndex> { states.indices.lazy.map { PlanIndex(offset: $0) } }

  /// Changed where it lies: its collections are never copied for a change. Why not `_read`, `NodeTable` says.
  subscript(plan: PlanIndex) -> FleetMachine.PlanState {
    get { states[plan.offset] }
    _modify { yield &states[plan.offset] }
  }

  func index(of prepull: PrepullID) -> PlanIndex? { known[prepull] }

  mutating func add(_ state: FleetMachine.PlanState) -> PlanIndex {
    let index: PlanIndex
    if let place = free.popLast() {
      index = place
      states[index.offset] = state
    } else {
      index = PlanIndex(offset: states.count)
      states.append(state)
      isDirty.append(false)
    }
    known[state.id] = index
    markDirty(index)
    return index
  }

  mutating func remove(_ plan: PlanIndex) {
    known[states[plan.offset].id] = nil
    states[plan.offset].isFree = true
    states[plan.offset].queue = NodeQueue()
    departing.remove(plan)
    free.append(plan)
  }

  /// A Prepull came, went, or has another priority.
  mutating func rank() {
    ranked = indices.filter { !states[$0.offset].isGone }.sorted { one, other in
      let (one, other) = (states[one.offset], states[other.offset])
      return (-one.plan.priority, one.plan.createdAt, one.id.key, one.id.uid)
        < (-other.plan.priority, other.plan.createdAt, other.id.key, other.id.uid)
    }
  }

  mutating func setDeparting(_ plan: PlanIndex, _ isDeparting: Bool) {
    if isDeparting { departing.insert(plan) } else { departing.remove(plan) }
  }

  // MARK: Dirty Prepulls

  mutating func markDirty(_ plan: PlanIndex) {
    guard !isDirty[plan.offset] else { return }
    isDirty[plan.offset] = true
    dirty.append(plan)
  }

  mutating func popDirty() -> PlanIndex? {
    guard let plan = dirty.popLast() else { return nil }
    isDirty[plan.offset] = false
    return plan
  }

  mutating func markChanged(_ plan: PlanIndex) { changed.insert(plan) }

  /// Those whose summary is to be reported, each time once.
  mutating func takeChanged() -> [PlanIndex] {
    defer { changed = [] }
    return changed.sorted()
  }
}
