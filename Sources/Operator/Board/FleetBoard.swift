import Warming
import ImageModel
import Kubernetes

/// Stands between Kubernetes' objects and the fleet: reads what comes, and says what to do in terms of objects.
///
/// Neither input nor output, like the machine that it asks; only metrics are counted here. Times are those of the API
/// server, since the Unix epoch.
struct FleetBoard: Sendable {
  /// What has to be listed before anything is done.
  enum Part: Hashable, Sendable, CaseIterable { case prepulls, nodes, pods, records, agents }

  struct Pace: Hashable, Sendable {
    /// Least time between two writes of a Prepull's status.
    var statusInterval = Duration.seconds(1)
    /// How long registries and discovery are waited for before it is gone on without them.
    var resolutionTimeout = Duration.seconds(5)
    /// How long a deleted Prepull waits for its pods to be gone.
    var cleanupDelay = Duration.seconds(30)
    /// How often the ConfigMap of a Prepull that has pods is looked at.
    var ensuring = Duration.seconds(15)
    /// How often queues are measured.
    var measuring = Duration.seconds(5)
    /// How long pods of others that pull images keep ours off their nodes.
    var yielding = WaitingPods.Limits()
  }

  let pace: Pace
  let metrics: ControllerMetrics
  var machine: FleetMachine
  var time = Duration.zero
  /// A number from 0 up to 1.
  let random: @Sendable () -> Double

  var effects: [ControllerEffect] = []
  var writes = WriteQueue()
  var missing = Set(Part.allCases)
  var isSynced = false
  private var lookedAround = Duration.zero

  /// By uid.
  var prepulls: [String: PrepullEntry] = [:]
  var zones = ZoneFiles()
  /// Uids of those whose plan waits for registries or discovery.
  var unplanned: Set<String> = []
  /// Keys of all gates' taints.
  var gates: [String] = []
  /// Whether what registries or discovery are asked changed.
  var hasNewWishes = false
  var answers: [ResolutionKey: ResolutionAnswer] = [:]

  /// By name. One that is not there has an entry while its record is read at the start.
  var nodes: [String: NodeEntry] = [:]
  var platforms: [Platform: Int] = [:]
  /// Canonical references that are wanted, by the hash of each: what is looked for in the lists of nodes.
  var wantedNames: [UInt64: String] = [:]
  /// Whether conditions of nodes may be written.
  var mayMark = true
  /// Whether taints of nodes may be removed.
  var mayOpenGates = true

  var pods = PodTable()
  var agents = AgentTable()
  /// What the machine is told as soon as it has said all that it says now.
  var later: [FleetMachine.Input] = []
  var others: WaitingPods
  /// What pods of all Prepulls get that their own spec does not name.
  let podTemplate: PodTemplateOptions

  init(
    machine: FleetMachine, pace: Pace = Pace(), podTemplate: PodTemplateOptions = PodTemplateOptions(),
    hasAgents: Bool = false, metrics: ControllerMetrics,
    random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
  ) {
    self.machine = machine
    self.pace = pace
    self.podTemplate = podTemplate
    others = WaitingPods(limits: pace.yielding)
    self.metrics = metrics
    self.random = random
    if !hasAgents { missing.remove(.agents) }
  }

  mutating func take(_ signal: ControllerSignal, at now: Duration) -> [ControllerEffect] {
    time = now
    switch signal {
    case .prepulls(let event): takePrepulls(event)
    case .nodes(let event): takeNodes(event)
    case .pods(let event): takePods(event)
    case .waiting(let event): takeWaiting(event)
    case .events(let event): takeEvent(event)
    case .remembered(let page): remember(page)
    case .rememberedAll: missing.remove(.records)
    case .warmNodes(let event): takeWarmNodes(event)
    case .agentPods(let event): takeAgentPods(event)
    case .resolved(let change): resolved(change)
    case .discovered(let change): discovered(change)
    case .sourced(let change): sourced(change)
    case .finished(let key, let answer): finished(key, answer)
    case .tick: tick()
    }
    // Images are resolved for the platforms that there are.
    if hasNewWishes, missing.isDisjoint(with: [.prepulls, .nodes]) { tellWishes() }
    synchronise()
    drain()
    defer { effects = [] }
    return effects
  }

  /// Begins once everything that is there is known.
  private mutating func synchronise() {
    guard !isSynced, missing.isEmpty, unplanned.isEmpty else { return }
    isSynced = true
    feed(.synced)
    nodes = nodes.filter { $1.node != nil }
    for (uid, entry) in prepulls {
      if entry.isCleared { writes.want(.clean(uid), at: time) }
      statusChanged(uid)
    }
  }

  private mutating func tick() {
    for uid in unplanned.sorted() { plan(uid) }
    for (uid, entry) in prepulls where entry.windowChange.map({ $0 <= time }) ?? false { plan(uid) }
    for node in others.expired(at: time) { judge(node) }
    if let due = machine.nextDue, due <= time { feed(.tick) }
    if lookedAround + pace.measuring <= time { lookAround() }
  }

  /// What need not be done for each event.
  private mutating func lookAround() {
    lookedAround = time
    let busy = Set(pods.seen.map(\.id.prepull.uid))
    for uid in busy where prepulls[uid]?.ensuredAt.map({ $0 + pace.ensuring <= time }) ?? false {
      writes.want(.ensure(uid), at: time)
    }
    measure()
  }

  // MARK: The machine

  /// Tells the machine, and puts what it answers into terms of objects.
  mutating func feed(_ input: FleetMachine.Input) {
    act(on: machine.handle(input, at: time))
    while !later.isEmpty { act(on: machine.handle(later.removeFirst(), at: time)) }
  }

  private mutating func act(on actions: [FleetMachine.Action]) {
    for action in actions {
      switch action {
      case .create(let order) where order.isForAgent: orderFromAgent(order)
      case .create(let order):
        pods.order(order)
        writes.want(.create(order.id), at: time)
      case .delete(let id, let uid): if !dropAgentOrder(id) { delete(id, uid: uid) }
      case .wishes(let node): writes.want(.wishes(node), at: time)
      case .record(let node, let serial, let delay):
        nodes[node, default: NodeEntry()].record.serial = serial
        writes.want(.record(node), at: time + delay)
      case .summary(let id): statusChanged(id.uid)
      case .openGate(let opening):
        let key = WriteKey.gate(node: opening.node, taint: opening.taint)
        nodes[opening.node]?.openings[opening.taint] = opening
        writes.want(key, at: time)
      case .mark(let node, let uid, let isWarm, let message):
        nodes[node]?.mark = NodeEntry.Mark(uid: uid, isWarm: isWarm, message: message)
        writes.want(.mark(node), at: time)
      case .cleared(let id): cleared(id.uid)
      case .report(let event): take(event)
      // Prepulls wait where a rollout ends.
      case .rollout: break
      }
    }
  }

  // MARK: Writing

  /// Gives out the writes whose turn it is.
  private mutating func drain() {
    while let key = writes.next(at: time) {
      guard let write = write(for: key) else {
        writes.dropped(key)
        if case .gate(let node, let taint) = key { nodes[node]?.openings[taint] = nil }
        continue
      }
      writes.begin(key)
      effects.append(.write(key, write))
    }
  }

  /// What is to be written now; nil when there is nothing any more.
  private mutating func write(for key: WriteKey) -> ControllerEffect.Write? {
    switch key {
    case .ensure(let uid): prepulls[uid]?.objects.map { .ensure($0.configMap) }
    case .create(let id): creation(of: id)
    case .delete(let name): deletion(of: name)
    case .look(let name): .look(name)
    case .record(let node): storage(of: node)
    case .wishes(let node): wishing(of: node)
    case .gate(let node, let taint): nodes[node]?.openings[taint].flatMap { opening($0, of: node) }
    case .mark(let node): marking(of: node)
    case .finalizer(let uid): finalizing(uid)
    case .status(let uid): statusWrite(uid)
    case .clean(let uid): cleaning(uid)
    case .expire(let uid): expiry(uid)
    }
  }

  private mutating func finished(_ key: WriteKey, _ answer: ControllerEffect.Answer) {
    if case .failed(let error) = answer, !isSettled(key, error) {
      writes.failed(key, retryAfter: error.retryAfter, random: random(), at: time)
    } else {
      writes.succeeded(key)
    }
    switch key {
    case .ensure(let uid): ensured(uid, answer)
    case .create(let id): created(id, answer)
    case .delete(let name): deleted(name, answer)
    case .look(let name): if case .noPod = answer { vanished(name) }
    case .record(let node): stored(node, answer)
    case .wishes(let node): wished(node, answer)
    case .gate(let node, let taint): opened(taint, of: node, answer)
    case .mark(let node): if case .done = answer { nodes[node]?.mark = nil }
    case .status(let uid): statusWritten(uid, answer)
    case .finalizer, .clean, .expire: break
    }
  }

  /// Whether an error is the answer that was asked for, so that asking again is of no use.
  private mutating func isSettled(_ key: WriteKey, _ error: APIError) -> Bool {
    switch key {
    // The machine decides when it is tried again.
    case .create, .ensure: return true
    case .mark:
      guard error.code == .forbidden else { return error.code == .notFound }
      mayMark = false
      return true
    // Where it is forbidden, the machine asks again after a while.
    case .gate: return error.code == .notFound || error.code == .forbidden
    case .finalizer, .status, .expire, .clean: return error.code == .notFound
    case .delete, .look, .record, .wishes: return false
    }
  }

  mutating func tell(_ reason: String, _ message: String, isWarning: Bool = false, about object: Event.ObjectReference)
  {
    effects.append(
      .tell(.init(isWarning: isWarning, reason: reason, message: message, object: object)))
  }
}
