import Documents
import ImageModel

/// Decides what all plans together do on which node and when, without doing any of it: those of all Prepulls for the
/// operator, the one of a run for `prepull run`.
///
/// It takes what was seen and what time it is, and answers with what is to be done: no input, no output, no clock of
/// its own. What an event marks as dirty is reconciled as a whole, node by node, and everything else follows from the
/// difference: counts, queues, times to look again. So the cost of an event of a node or a pod does not
/// grow with the number of nodes; only a changed Prepull looks at all of them.
///
/// Invariants: budgets are kept; nothing is done before all is known. For Prepulls: one pod of ours on a node at a time;
/// what a pod found is recorded before the pod is deleted; and it all can be rebuilt from what Kubernetes stores.
package struct FleetMachine: Sendable {
  package let limits: FleetLimits

  var now = Duration.zero
  var isSynced = false
  /// Pods that were seen before all was known.
  var early: [FleetPod.ID: FleetPod] = [:]
  var actions: [Action] = []

  var nodes = NodeTable()
  var plans = PrepullTable()
  var imageTable = ImageTable()
  var failures = SharedFailures()
  var budget: PullBudget
  var records = RecordWriter()
  var timers = Timers()
  var rollout = Rollout()

  package init(limits: FleetLimits = FleetLimits()) {
    self.limits = limits
    budget = PullBudget(maxPods: limits.maxPods)
  }

  /// Takes in what was seen at `now`, and says what to do. The time is since the Unix epoch by the API server's clock for
  /// the operator, since its start for a run.
  package mutating func handle(_ input: Input, at now: Duration) -> [Action] {
    self.now = max(self.now, now)
    switch input {
    case .remembered(let record): recordRead(record)
    case .prepull(let id, let plan): prepullUpdated(id, plan)
    case .prepullGone(let id): prepullRemoved(id)
    case .node(let node): nodeUpdated(node)
    case .nodes(let list):
      for node in list {
        nodeUpdated(node)
        if isSynced { reconcileDirty() }
      }
    case .nodeGone(let name): nodeRemoved(name)
    case .pod(let pod): if isSynced { podUpdated(pod) } else { early[pod.id] = pod }
    case .podGone(let id, let uid): if isSynced { podRemoved(id, uid: uid) } else { early[id] = nil }
    case .podCreated(let id, let uid): podCreated(id, uid: uid)
    case .podRefused(let id, let failure): podRefused(id, failure)
    case .recorded(let name, let serial): recordStored(name, serial)
    case .busy(let name, let pod): nodeBusy(name, with: pod)
    case .agentSaid(let name, let uid, let images): agentSaid(name, uid, images)
    case .suspect(let name): nodeSuspected(name)
    case .pulled(let id, let reference, let seconds, let bytes):
      imagePulled(id, reference, seconds: seconds, bytes: bytes)
    case .moved(let id, let reference, let isPulled): imageMoved(id, reference, isPulled: isPulled)
    case .failing(let id, let reference, let failure, let nature, let count):
      imageFailed(id, reference, .failing(failure, nature, count: count))
    case .warned(let id, let text): podWarned(id, text)
    case .stop(let reason): stop(reason)
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
    for pod in early.values.sorted(by: { $0.uid < $1.uid }) { podUpdated(pod) }
    early = [:]
    for node in nodes.indices where !nodes[node].name.isEmpty { markDirty(node) }
  }

  /// Reconciles all that is dirty, begins what there is room for, and reports what changed.
  private mutating func settle() {
    fireTimers()
    repeat {
      reconcileDirty()
      reviewPlans()
    } while nodes.hasDirty
    repeat {
      begin()
      reconcileDirty()
      reviewPlans()
    } while nodes.hasDirty
    reportSummaries()
  }

  private mutating func reconcileDirty() {
    // Reconciling a node may mark further ones, at most once each.
    while let node = nodes.popDirty() { reconcile(node) }
  }

  mutating func markDirty(_ node: NodeIndex) { nodes.markDirty(node) }
  mutating func markDirty(_ plan: PlanIndex) { plans.markDirty(plan) }

  // MARK: Time

  /// When `tick` is to come, if nothing else comes before.
  package var nextDue: Duration? { timers.nextDue }

  private mutating func fireTimers() {
    while let owner = timers.fire(at: now) {
      switch owner {
      case .node(let node): nodes.markDirty(node)
      case .plan(let plan): plans.markDirty(plan)
      }
    }
  }

  // MARK: What others ask

  /// Whether a node is known to hold an image.
  package func holds(_ reference: String, on node: String) -> Bool {
    guard let number = nodes.index(of: node), let image = imageTable.references.known(reference) else { return false }
    return nodes[number].held.contains(image: image)
  }

  /// The pods that are there or being made, by what was seen so far, with their uid where it is known.
  package var livePods: [FleetPod.ID: String?] {
    nodes.states.reduce(into: [:]) { pods, node in
      for pod in node.pods { pods[pod.id] = .some(pod.uid) }
    }
  }

  /// Nodes that were reconciled because of events so far, each time counted: the measure of what events cost.
  package var reconciliations: Int { nodes.popped }

  package var depths: Depths {
    Depths(
      pods: plans.states.reduce(0) { $0 + $1.pods }, queued: plans.states.reduce(0) { $0 + $1.queue.count },
      unrecorded: records.unrecorded)
  }
}
