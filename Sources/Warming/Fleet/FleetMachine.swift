import Documents
import ImageModel

/// Decides what all Prepulls together do on which node and when, without doing any of it.
///
/// It is told what was seen and what time it is, and answers with what is to be done: no input, no output, no clock of
/// its own. What an event touches is looked at anew as a whole, node by node, and everything else follows from the
/// difference: counts, queues, times to look again. So the cost of an event does not grow with the number of nodes.
///
/// Invariants: one pod of ours on a node at a time; budgets are kept; nothing is done before all is known; what a pod
/// found is recorded before the pod is deleted; and it all can be rebuilt from what Kubernetes stores.
package struct FleetMachine: Sendable {
  package let limits: FleetLimits

  var now = Duration.zero
  var isSynced = false
  /// Pods that were seen before all was known.
  var early: [FleetPod.ID: FleetPod] = [:]
  var actions: [Action] = []

  var nodes: [NodeState] = []
  var nodeNumbers: [String: Int] = [:]
  var freeNodes: [Int] = []
  var touched: [Int] = []

  var plans: [PlanState] = []
  var planNumbers: [PrepullID: Int] = [:]
  var freePlans: [Int] = []
  /// Plans that are there, the most important first.
  var ranked: [Int] = []
  var dirtyPlans: [Int] = []
  /// Plans with a gate that are gone and not cleared.
  var departing: Set<Int> = []
  /// Plans whose summary may have changed.
  var changedPlans: Set<Int> = []

  var references = NumberTable<String>()
  /// References by the names under which a runtime may list them.
  var listedNames: [String: [Int32]] = [:]
  var digests = NumberTable<Digest>()
  var accesses = NumberTable<PullAccess>()
  var owners = NumberTable<String>()
  var registries = NumberTable<String>()
  /// By image.
  var registryNumbers: [Int32: Int32] = [:]
  var registrySets = NumberTable<[Int32]>()
  /// Pods at work by registry.
  var pulling: [Int32: Int] = [:]
  /// Failures that were told lately, so that equal ones share their texts.
  var failures: [WarmFailure: WarmFailure] = [:]

  var numbersAllowed = FleetMachine.fewNumbers

  /// Pods that budgets count.
  var working = 0
  var alarms = Heap<Alarm>()
  var lastStamp = 0
  /// Of records; never used twice, so that a late answer about a node that is gone means nothing.
  var lastSerial = 0

  package init(limits: FleetLimits = FleetLimits()) {
    self.limits = limits
  }

  /// Takes in what was seen at `now`, since the Unix epoch by the API server's clock, and says what to do.
  package mutating func handle(_ input: Input, at now: Duration) -> [Action] {
    self.now = max(self.now, now)
    switch input {
    case .remembered(let record): remember(record)
    case .prepull(let id, let plan): take(plan, of: id)
    case .prepullGone(let id): drop(id)
    case .node(let node): see(node)
    case .nodeGone(let name): lose(name)
    case .pod(let pod): if isSynced { see(pod) } else { early[pod.id] = pod }
    case .podGone(let id, let uid): if isSynced { gone(id, uid: uid) } else { early[id] = nil }
    case .podCreated(let id, let uid): created(id, uid: uid)
    case .podRefused(let id, let failure): refused(id, failure)
    case .recorded(let name, let serial): recorded(name, serial)
    case .busy(let name, let pod): setBusy(name, by: pod)
    case .suspect(let name): hint(name)
    case .pulled(let id, let reference, let seconds, let bytes):
      note(id, reference, seconds: seconds, bytes: bytes)
    case .synced: sync()
    case .tick: break
    }
    if isSynced {
      settle()
      freeNumbers()
    }
    defer { actions = [] }
    return actions
  }

  private mutating func sync() {
    isSynced = true
    for pod in early.values.sorted(by: { $0.uid < $1.uid }) { see(pod) }
    early = [:]
    for node in nodes.indices where !nodes[node].name.isEmpty { touch(node) }
  }

  /// Looks at all that was touched, begins what there is room for, and tells what changed.
  private mutating func settle() {
    ring()
    repeat {
      lookAtTouched()
      reviewPlans()
    } while !touched.isEmpty
    repeat {
      begin()
      lookAtTouched()
      reviewPlans()
    } while !touched.isEmpty
    tellSummaries()
  }

  private mutating func lookAtTouched() {
    // A look may touch further nodes, at most once each.
    while let node = touched.popLast() {
      nodes[node].isTouched = false
      look(at: node)
    }
  }

  /// The content of a node's record changed.
  mutating func bump(_ node: Int) {
    lastSerial += 1
    nodes[node].serial = lastSerial
  }

  mutating func touch(_ node: Int) {
    guard !nodes[node].isTouched else { return }
    nodes[node].isTouched = true
    touched.append(node)
  }

  // MARK: Time

  /// When `tick` is to be told, if nothing else comes before.
  package var nextDue: Duration? { alarms.min?.due }

  mutating func setAlarm(node: Int, at due: Duration?) {
    guard nodes[node].wakeAt != due else { return }
    nodes[node].wakeAt = due
    if let due { alarms.insert(Alarm(due: due, isPlan: false, index: node)) }
    if alarms.count > 4 * (nodes.count + plans.count) + 64 { dropOldAlarms() }
  }

  mutating func setAlarm(plan: Int, at due: Duration?) {
    guard plans[plan].wakeAt != due else { return }
    plans[plan].wakeAt = due
    if let due { alarms.insert(Alarm(due: due, isPlan: true, index: plan)) }
  }

  private func isValid(_ alarm: Alarm) -> Bool {
    alarm.due == (alarm.isPlan ? plans[alarm.index].wakeAt : nodes[alarm.index].wakeAt)
  }

  private mutating func dropOldAlarms() {
    let all = alarms.elements
    alarms = Heap()
    for alarm in all where isValid(alarm) { alarms.insert(alarm) }
  }

  private mutating func ring() {
    while let alarm = alarms.min, alarm.due <= now || !isValid(alarm) {
      alarms.popMin()
      guard isValid(alarm) else { continue }
      if alarm.isPlan {
        plans[alarm.index].wakeAt = nil
        markDirty(alarm.index)
      } else {
        nodes[alarm.index].wakeAt = nil
        touch(alarm.index)
      }
    }
  }

  // MARK: What others ask

  /// Whether a node holds an image by our books.
  package func holds(_ reference: String, on node: String) -> Bool {
    guard let number = nodeNumbers[node], let image = references.known(reference) else { return false }
    return nodes[number].held.contains(image: image)
  }

  /// The pods that are there or being made, by what was seen so far, with their uid where it is known.
  package var livePods: [FleetPod.ID: String?] {
    nodes.reduce(into: [:]) { pods, node in
      for pod in node.pods { pods[pod.id] = .some(pod.uid) }
    }
  }

  package var depths: Depths {
    Depths(
      pods: plans.reduce(0) { $0 + $1.pods }, queued: plans.reduce(0) { $0 + $1.queued },
      unrecorded: nodes.count { $0.askedSerial > $0.recordedSerial })
  }
}
