/// A plan that comes to an end: which nodes had their turn, and whether it was stopped. A machine has one at most.
///
/// Invariants: every wanted node that stays ends in exactly one outcome, after a stop nothing is begun, and it comes to
/// an end, as every wait has a limit.
struct Rollout: Sendable {
  let plan: PlanIndex
  let rules: RolloutRules
  private var turns: [NodeIndex: RolloutTurn] = [:]
  /// The nodes in the order in which they came.
  private(set) var order: [NodeIndex] = []
  var beliefs: SharedBeliefs
  private(set) var stopped: StopReason?
  private(set) var failedNodes = 0
  private(set) var unfinishedNodes = 0
  private(set) var retries = 0
  private var lastArrival = 0
  private var lastPod = 0

  init(plan: PlanIndex, rules: RolloutRules) {
    self.plan = plan
    self.rules = rules
    beliefs = SharedBeliefs(rules: rules)
  }

  /// A node's turn, changed where it lies.
  subscript(node: NodeIndex) -> RolloutTurn? {
    get { turns[node] }
    _modify { yield &turns[node] }
  }

  // MARK: What is asked

  /// Whether every wanted node has its outcome.
  var isFinished: Bool { unfinishedNodes == 0 }

  /// Whether nodes at work are brought to their end although nothing is begun any more.
  var isDraining: Bool {
    if case .maxFailures = stopped { true } else { false }
  }

  /// Whether too many nodes failed.
  var hasFailed: Bool { rules.maxFailures.map { failedNodes > $0.allowance(of: order.count) } ?? false }

  /// Whether a node stays although it is not wanted any more: work that was begun is ended, and an outcome stands.
  func keeps(_ node: NodeIndex) -> Bool { turns[node].map { !$0.isWaiting } ?? false }

  // MARK: What happens

  mutating func add(
    _ node: NodeIndex, images: Int, unsupported: [Int: String], imagesPerPod: Int
  ) {
    lastArrival += 1
    turns[node] = RolloutTurn(
      arrival: lastArrival, images: images, unsupported: unsupported, apart: rules.apart, imagesPerPod: imagesPerPod)
    order.append(node)
    unfinishedNodes += 1
  }

  mutating func remove(_ node: NodeIndex) {
    guard let turn = turns.removeValue(forKey: node) else { return }
    if let outcome = turn.outcome { count(outcome, -1) } else { unfinishedNodes -= 1 }
    order.removeAll { $0 == node }
  }

  mutating func finish(_ node: NodeIndex, as outcome: NodeOutcome) {
    turns[node]?.outcome = outcome
    unfinishedNodes -= 1
    count(outcome, 1)
  }

  private mutating func count(_ outcome: NodeOutcome, _ step: Int) {
    if !outcome.isGood, outcome != .notDone { failedNodes += step }
  }

  /// False where it was stopped before, and nothing is to be ended any more.
  mutating func stop(_ reason: StopReason) -> Bool {
    guard stopped == nil || isDraining, stopped != reason else { return false }
    stopped = reason
    return true
  }

  mutating func retried() { retries += 1 }

  /// A number that no other pod of the rollout has.
  mutating func nextPod() -> Int {
    lastPod += 1
    return lastPod
  }
}
