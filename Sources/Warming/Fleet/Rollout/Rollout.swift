/// The plan that comes to an end, if there is one: which nodes had their turn, and whether it was stopped.
///
/// Invariants: every wanted node that stays ends in exactly one outcome, after a stop nothing is begun, and it comes to
/// an end, as every wait has a limit.
struct Rollout: Sendable {
  private(set) var plan: PlanIndex?
  private(set) var rules = RolloutRules()
  private var turns: [NodeIndex: RolloutTurn] = [:]
  /// The nodes in the order in which they came.
  private(set) var order: [NodeIndex] = []
  private var beliefs = SharedBeliefs()
  private(set) var stopped: StopReason?
  private(set) var failedNodes = 0
  private(set) var unfinishedNodes = 0
  private(set) var retries = 0
  /// Pods that were dropped and are not gone, with the time: they take room until then.
  private var leaving: [Int: Duration] = [:]
  /// How many nodes waited for seeds when that was last told.
  private var toldWait: SeedWait?
  private var lastArrival = 0
  private var lastPod = 0

  mutating func begin(_ plan: PlanIndex, _ rules: RolloutRules) {
    self.plan = plan
    self.rules = rules
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
    switch stopped {
    case .maxFailures, .late: true
    default: false
    }
  }

  /// Whether nodes are still brought to their end.
  var isOpen: Bool { stopped == nil || isDraining }

  /// Whether too many nodes failed.
  var hasFailed: Bool { rules.maxFailures.map { failedNodes > $0.allowance(of: order.count) } ?? false }

  /// Whether a node stays although it is not wanted any more: work that was begun is ended, and an outcome stands.
  func keeps(_ node: NodeIndex) -> Bool { turns[node].map { !$0.isWaiting || $0.pods > 0 } ?? false }

  /// Whether a pod was dropped lately and is not gone.
  func isLeaving(at now: Duration) -> Bool { leaving.values.contains { now < $0 + .seconds(60) } }

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
    guard isOpen, stopped != reason else { return false }
    stopped = reason
    return true
  }

  /// Whether a failure of an image that comes again is believed, by what all nodes met.
  func isBelieved(_ failure: ImageFailure, of image: Int, on node: NodeIndex) -> Bool {
    beliefs.isBelieved(failure, of: image, after: turns[node]?.tries(of: image) ?? 0, rules)
  }

  mutating func gaveUp(_ failure: ImageFailure, of image: Int) { beliefs.gaveUp(failure, of: image) }

  /// A node holds an image; others wait for it again if it was pulled just now.
  mutating func held(_ image: Int, on node: NodeIndex) {
    if turns[node]?.isPulling(image) == true { beliefs.pulled(image) }
    turns[node]?.moved(image)
  }

  mutating func podDropped(_ serial: Int, at now: Duration) { leaving[serial] = now }
  mutating func podGone(_ serial: Int) { leaving[serial] = nil }

  mutating func retried() { retries += 1 }

  /// Whether it is news that nodes wait for seeds, or do so no more.
  mutating func tell(_ wait: SeedWait?) -> Bool {
    defer { toldWait = wait }
    return toldWait != wait
  }

  /// A number that no other pod of the rollout has.
  mutating func nextPod() -> Int {
    lastPod += 1
    return lastPod
  }
}
