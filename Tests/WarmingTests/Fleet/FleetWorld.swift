import Warming
import Kubernetes
import ImageModel

/// A cluster in a few lines: what the API server stores, what registries have, what nodes hold. It does what a machine
/// asks for, tells it what came of it, and counts what must not happen.
struct FleetWorld {
  struct Machine {
    var facts: NodeFacts
    var createdAt: Duration
    /// By reference; what was pulled lies under its digest too.
    var held: [String: Digest] = [:]
    /// Content for which the runtime states a name of other content.
    var aliases: Set<Digest> = []
    /// Which secrets have pulled what, as kubelets remember it since 1.35; nil for older ones.
    var proved: [Digest: Set<PullAccess>]?
    /// Whether its kubelet does anything.
    var isUp = true
    var isFull = false
    var agent = FleetNode.Agent.none
    var hasDiskPressure = false
    var isMarkedWarm: Bool?
    var listed: [String]?
    var madeAt = ""
    var images = 0
  }

  struct Pod {
    var seen: FleetPod
    let access: PullAccess
    /// When each image has been pulled, or has failed next.
    var progress: [String: Duration] = [:]
  }

  enum Answer: Hashable {
    case has(Digest)
    case fails(WarmFailure, FailureNature)
  }

  var machine: FleetMachine
  let limits: FleetLimits
  var now = Duration.seconds(1_000_000_000)

  // What Kubernetes stores.
  var plans: [PrepullID: FleetPlan] = [:]
  /// Prepulls with a finalizer that wait for it to be taken away.
  var leaving: Set<PrepullID> = []
  var nodes: [String: Machine] = [:]
  var pods: [FleetPod.ID: Pod] = [:]
  var records: [String: NodeRecord] = [:]

  /// What the next create is answered with, and whether it makes the pod all the same.
  var creationFailure: (CreationFailure, isMade: Bool)?
  /// Answers of calls come after what the watch tells, whenever somebody delivers them.
  var delaysAnswers = false
  var late: [FleetMachine.Input] = []

  var registry: [String: Answer] = [:]
  /// Whom the registry gives an image, where it does not give it to all.
  var readers: [String: Set<PullAccess>] = [:]
  /// Whether nodes that come have kubelets of 1.35 or later.
  var remembersSecrets = false
  var pullTime = Duration.seconds(3)
  /// Pulls that moved bytes, by node uid and reference@digest.
  private(set) var pulls: [String: Int] = [:]
  private(set) var recordWrites = 0
  /// What agents were told to hold, by node, and whether each was ordered.
  private(set) var wishes: [String: [AgentWish]] = [:]
  private(set) var wishWrites = 0
  private(set) var lastUID = 0

  /// Asked for, and not done yet.
  private(set) var pending: [FleetMachine.Action] = []
  private(set) var actions: [FleetMachine.Action] = []
  /// Pods whose deletion was asked for.
  private var ended: Set<String> = []
  /// Pods that were asked for and are not made yet.
  private var asked: [FleetPod.ID: PodOrder] = [:]
  var complaints: [String] = []
  /// What machines were known to hold at some time, by uid and reference: it may be pulled again while windows are closed.
  private var known: Set<String> = []
  /// Whether that is noted.
  var notesKnown = false

  init(limits: FleetLimits = FleetLimits()) {
    self.limits = limits
    machine = FleetMachine(limits: limits)
    tell(.synced)
  }

  // MARK: Telling

  mutating func tell(_ input: FleetMachine.Input) {
    if notesKnown { noteKnown() }
    let new = machine.handle(input, at: now)
    if notesKnown { noteKnown() }
    actions += new
    for action in new {
      pending.append(action)
      check(action)
    }
    if input == .tick, let due = machine.nextDue, due <= now { complaints.append("it asks for ticks without end") }
  }

  private mutating func noteKnown() {
    for (name, node) in nodes {
      for reference in registry.keys where machine.holds(reference, on: name) {
        known.insert("\(node.facts.uid) \(reference)")
      }
    }
  }

  /// While the windows of a Prepull are closed, nothing is begun but for its gates and for what nodes lost, and not even
  /// these where all waits.
  private mutating func checkWindows(_ order: PodOrder, _ plan: FleetPlan) {
    guard plan.isClosed, order.purpose == .pull, asked[order.id] == nil, let node = nodes[order.id.node],
      node.facts.uid == order.id.nodeUID
    else { return }
    if plan.closesAll { return complaints.append("\(order.id) is begun while all windows are closed") }
    if let gate = plan.gate, node.facts.taints.contains(where: { $0.key == gate.taint }) { return }
    for image in order.images where !known.contains("\(node.facts.uid) \(image.reference)") {
      complaints.append("\(image.reference) is begun on \(order.id.node), which never had it, while windows are closed")
    }
  }

  private mutating func check(_ action: FleetMachine.Action) {
    if case .create(let order) = action { check(order) }
    if case .delete(let id, let uid) = action {
      ended.insert("\(id) \(uid ?? pods[id]?.seen.uid ?? "")")
      asked[id] = nil
    }
    if case .delete(let id, _) = action, let pod = pods[id], let node = nodes[id.node],
      node.facts.uid == id.nodeUID, plans[id.prepull] != nil, pod.seen.purpose == .pull
    {
      // What it found is written down before it goes.
      for image in pod.seen.images {
        guard case .held(let digest?) = image.report, machine.holds(image.reference, on: id.node) else { continue }
        let stored = records[id.node]?.images.first { $0.reference == image.reference }?.held
        if stored?.digest != digest {
          complaints.append(
            "the pod on \(id.node) is deleted before \(image.reference) is recorded: \(String(describing: stored)) but \(digest)"
          )
        }
      }
    }
  }

  private mutating func check(_ order: PodOrder) {
    guard let plan = plans[order.id.prepull] else { return complaints.append("a pod for a Prepull that is gone") }
    if plan.isSuspended { complaints.append("a pod for a Prepull that is suspended") }
    checkWindows(order, plan)
    if let node = nodes[order.id.node], node.facts.uid == order.id.nodeUID {
      if node.hasDiskPressure, asked[order.id] == nil { complaints.append("a pod under disk pressure") }
      if order.isForAgent {
        if node.agent != .ready, asked[order.id] == nil { complaints.append("an order for an agent that is not ready") }
        let wished = Set((machine.wishes(of: order.id.node) ?? []).map(\.reference))
        if let image = order.images.first(where: { !wished.contains($0.reference) }) {
          complaints.append("\(image.reference) is ordered from the agent and not wished")
        }
        if order.purpose == .verify { complaints.append("an agent is to verify") }
      } else if plan.engine == .agent(fallsBack: false), asked[order.id] == nil {
        complaints.append("a kubelet pulls for a Prepull of agents")
      }
    }
    // Those that run, and those that were asked for and will.
    var live = pods.values.filter { !$0.seen.isBeingDeleted && !ended.contains("\($0.seen.id) \($0.seen.uid)") }.map {
      (id: $0.seen.id, isPull: $0.seen.purpose == .pull, images: $0.seen.images.map(\.reference))
    }
    let known = Set(live.map(\.id))
    // One that is asked for again has had its place since the first time.
    if asked.updateValue(order, forKey: order.id) != nil { return }
    for other in asked.values where !known.contains(other.id) {
      live.append((other.id, other.purpose == .pull, other.images.map(\.reference)))
    }
    if live.count > limits.maxPods { complaints.append("\(live.count) pods") }
    if case .nodes(let most) = plan.parallelism, live.count(where: { $0.id.prepull == order.id.prepull }) > most {
      complaints.append("more than \(most) pods of \(order.id.prepull.name)")
    }
    for registry in Set(order.images.map { $0.reference.prefix { $0 != "/" } }) where order.purpose == .pull {
      let count = live.count { $0.isPull && $0.images.contains { $0.hasPrefix("\(registry)/") } }
      if count > plan.perRegistry { complaints.append("\(count) pods of registry \(registry)") }
    }
    checkSeeds(order, plan)
    if order.access != plan.access { complaints.append("a pod with other secrets than its Prepull's") }
    guard order.purpose == .pull, let record = records[order.id.node], record.uid == order.id.nodeUID else { return }
    // While claims come and go, what is held may be forgotten and found again.
    let isMoving = pending.contains { if case .record(order.id.node, _, _) = $0 { true } else { false } }
    for image in order.images where !isMoving {
      let wanted = plan.images.first { $0.reference == image.reference }?.resolution?.digest
      let known = record.images.first { $0.reference == image.reference }?.held
      let held = known?.access.contains(order.access) == true ? known?.digest : nil
      if let held, wanted == nil || held == wanted, nodes[order.id.node]?.held[image.reference] == held {
        complaints.append("\(image.reference) is pulled again on \(order.id.node)")
      }
    }
  }

  /// No more nodes pull an image than those that hold it and the seeds.
  private mutating func checkSeeds(_ order: PodOrder, _ plan: FleetPlan) {
    guard plan.seeds > 0, order.purpose == .pull, let node = nodes[order.id.node], node.facts.taints.isEmpty else {
      return
    }
    let fit = nodes.filter { _, node in
      node.facts.isReady && (node.facts.taints.isEmpty || plan.gate != nil)
        && plan.nodes.selector.allSatisfy { $0.isMet(by: node.facts.labels) }
        && node.facts.architecture == nodes[order.id.node]?.facts.architecture
    }
    for image in order.images where machine.summary(of: order.id.prepull)?.refusal(of: image.reference) == nil {
      let holders = fit.keys.count { machine.holds(image.reference, on: $0) }
      let made = pods.values.filter { pod in
        !pod.seen.isBeingDeleted && !ended.contains("\(pod.seen.id) \(pod.seen.uid)") && pod.seen.purpose == .pull
          && pod.seen.isScheduled && fit[pod.seen.id.node]?.facts.uid == pod.seen.id.nodeUID
          && pod.access == plan.access
          && pod.seen.images.contains { $0.reference == image.reference && $0.report == .waiting }
      }
      let known = Set(made.map(\.seen.id))
      let asked = asked.values.count { other in
        other.purpose == .pull && !known.contains(other.id) && pods[other.id] == nil && fit[other.id.node] != nil
          && other.images.contains { $0.reference == image.reference }
      }
      if made.count + asked > holders + plan.seeds {
        complaints.append(
          "\(made.count + asked) nodes pull \(image.reference), of \(plan.seeds) seeds and \(holders) holders")
      }
    }
  }

  /// Does the first of what was asked for, or the one at an index.
  mutating func perform(_ index: Int = 0) {
    let action = pending.remove(at: index)
    switch action {
    case .create(let order): create(order)
    case .delete(let id, let uid):
      guard let pod = pods[id], uid == nil || pod.seen.uid == uid else { return tell(.podGone(id, uid: uid)) }
      // A kubelet that is up, or the garbage collector of pods without a node, takes it away.
      if nodes[id.node]?.isUp ?? true {
        pods[id] = nil
        tell(.podGone(id, uid: pod.seen.uid))
        answer(.podGone(id, uid: pod.seen.uid))
      } else {
        pods[id]?.seen.isBeingDeleted = true
        pods[id].map { tell(.pod($0.seen)) }
      }
    case .record(let node, let serial, _):
      if let record = machine.record(of: node) {
        recordWrites += 1
        records[node] = record.isEmpty ? nil : record
      }
      tell(.recorded(node: node, serial: serial))
    case .wishes(let node):
      wishWrites += 1
      wishes[node] = machine.wishes(of: node)
    case .openGate(let opening):
      guard var node = nodes[opening.node], node.facts.uid == opening.uid else { break }
      node.facts.taints.removeAll { $0.key == opening.taint }
      nodes[opening.node] = node
      seeNode(opening.node)
    case .mark(let name, let uid, let isWarm, _):
      if nodes[name]?.facts.uid == uid { nodes[name]?.isMarkedWarm = isWarm }
    case .cleared(let id):
      leaving.remove(id)
      for record in records.values where !plans.keys.contains(where: { $0.key == id.key }) {
        if record.images.contains(where: { $0.wantedBy.contains(id.key) }) {
          complaints.append("\(id.key) is cleared, but the record of \(record.node) names it")
        }
      }
      if pods.keys.contains(where: { $0.prepull == id }) { complaints.append("\(id.key) is cleared and has pods") }
    case .summary, .report, .rollout: break
    }
  }

  private mutating func answer(_ input: FleetMachine.Input) {
    guard delaysAnswers else { return tell(input) }
    late.append(input)
    // A call is answered before many others.
    if late.count > 4 { tell(late.removeFirst()) }
  }

  private mutating func create(_ order: PodOrder) {
    let failure = creationFailure
    creationFailure = nil
    if let failure, !failure.isMade {
      if case .passing = failure.0 {} else { asked[order.id] = nil }
      return tell(.podRefused(order.id, failure.0))
    }
    asked[order.id] = nil
    if let known = pods[order.id] { return tell(.pod(known.seen)) }
    lastUID += 1
    var pod = FleetPod(
      id: order.id, uid: "pod-\(lastUID)", purpose: order.purpose,
      createdAt: .seconds(now.components.seconds),
      images: order.images.map { FleetPod.Image(reference: $0.reference, policy: $0.policy) })
    if pods.keys.contains(where: { $0.node == order.id.node }) {
      complaints.append("a second pod on \(order.id.node)")
    }
    if order.images.isEmpty || order.images.count > limits.imagesPerPod {
      complaints.append("a pod of \(order.images.count) images")
    }
    pod.access = order.access
    pod.isOfAgent = order.isForAgent
    pod.isScheduled =
      order.isForAgent || nodes[order.id.node].map { $0.facts.uid == order.id.nodeUID && !$0.isFull } ?? false
    if !pod.isScheduled, !pod.isOfAgent { pod.unschedulable = "Insufficient pods" }
    pods[order.id] = Pod(seen: pod, access: order.access)
    if let failure {
      tell(.podRefused(order.id, failure.0))
    } else {
      answer(.podCreated(order.id, uid: pod.uid))
    }
    pods[order.id].map { tell(.pod($0.seen)) }
  }

  /// Does all that was asked for, and what is asked for then.
  mutating func performAll() {
    var steps = 0
    while !pending.isEmpty, steps < 100_000 {
      perform()
      steps += 1
    }
    if !pending.isEmpty { complaints.append("it never comes to rest") }
  }

  // MARK: Time

  /// Lets time pass in steps, with all that is due in it.
  mutating func run(_ span: Duration, step: Duration = .seconds(1)) {
    performAll()
    let end = now + span
    while now < end {
      now += min(step, end - now)
      work()
      if let due = machine.nextDue, due <= now { tell(.tick) }
      performAll()
    }
  }

  /// Lets time pass until nothing is under way, jumping over times in which nothing happens.
  mutating func settle(within span: Duration) {
    let end = now + span
    performAll()
    while now < end {
      if pods.isEmpty {
        guard let due = machine.nextDue else { return }
        run(max(.seconds(1), min(due, end) - now), step: .seconds(1_000_000))
      } else {
        run(.seconds(1))
      }
    }
  }

  /// Nodes go on with their pods.
  mutating func work() {
    for id in pods.keys.sorted(by: { ($0.node, $0.prepull.key) < ($1.node, $1.prepull.key) }) { work(id) }
    for name in nodes.keys.sorted() { agentWork(name) }
  }

  /// An agent repairs what it was told to hold and lost, and tells what it holds.
  private mutating func agentWork(_ name: String) {
    guard let node = nodes[name], node.agent == .ready, let wishes = wishes[name] else { return }
    let asked = Set(
      pods.values.filter { $0.seen.isOfAgent && $0.seen.id.node == name }.flatMap { pod in
        pod.seen.images.map(\.reference)
      })
    var said: [AgentImage] = []
    for wish in wishes where !asked.contains(wish.reference) {
      if node.held[wish.reference] == nil, !node.hasDiskPressure, case .has(let digest) = registry[wish.reference] {
        nodes[name]?.held[wish.reference] = digest
        nodes[name]?.proved?[digest, default: []].formUnion(plans.values.map(\.access))
      }
      let held = nodes[name]?.held[wish.reference]
      said.append(AgentImage(reference: wish.reference, state: held.map { .held($0) } ?? .lost))
    }
    if !said.isEmpty { tell(.agentSaid(node: name, nodeUID: node.facts.uid, said)) }
  }

  private mutating func work(_ id: FleetPod.ID) {
    guard var pod = pods[id] else { return }
    guard let node = nodes[id.node] else {
      // The pod garbage collector comes for it.
      pods[id] = nil
      return tell(.podGone(id, uid: pod.seen.uid))
    }
    guard pod.seen.isOfAgent ? node.agent == .ready && !node.hasDiskPressure : node.isUp else { return }
    if pod.seen.isBeingDeleted {
      pods[id] = nil
      return tell(.podGone(id, uid: pod.seen.uid))
    }
    guard pod.seen.isScheduled, pod.seen.phase != .succeeded else { return }
    let before = pod.seen
    for index in pod.seen.images.indices {
      let image = pod.seen.images[index]
      if image.report.isThere { continue }
      pod.seen.images[index].report = report(image, on: id.node, &pod)
    }
    if pod.seen.images.allSatisfy(\.report.isThere) { pod.seen.phase = .succeeded }
    pods[id] = pod
    if pod.seen != before { tell(.pod(pod.seen)) }
  }

  private mutating func report(_ image: FleetPod.Image, on name: String, _ pod: inout Pod) -> FleetPod.Report {
    let held = nodes[name]?.held[image.reference]
    let isOpen = held.map { digest in nodes[name]?.proved.map { $0[digest]?.contains(pod.access) ?? false } ?? true }
    if image.policy == .never {
      let absent = WarmFailure(code: "neverPull", detail: "it is not there", remedy: "Pull it.")
      guard let held, isOpen == true else { return .failing(absent, .local, count: 1) }
      return statement(of: held, for: image.reference, in: pod, on: name)
    }
    if image.policy == .ifNotPresent, let held, isOpen == true {
      return statement(of: held, for: image.reference, in: pod, on: name)
    }
    guard let due = pod.progress[image.reference] else {
      pod.progress[image.reference] = now + pullTime
      return image.report
    }
    guard due <= now else { return image.report }
    var answer = registry[image.reference]
    if let readers = readers[image.reference], !readers.contains(pod.access) { answer = Self.denied }
    switch answer {
    case .has(let digest):
      if held != digest { pulls["\(nodes[name]?.facts.uid ?? "")/\(image.reference)@\(digest)", default: 0] += 1 }
      nodes[name]?.held[image.reference] = digest
      if let pinned = PinnedReference.text(of: image.reference, at: digest) { nodes[name]?.held[pinned] = digest }
      nodes[name]?.proved?[digest, default: []].insert(pod.access)
      return statement(of: digest, for: image.reference, in: pod, on: name)
    case .fails(let failure, let nature):
      pod.progress[image.reference] = now + .seconds(10)
      if case .failing(_, _, let count) = image.report { return .failing(failure, nature, count: count + 1) }
      return .failing(failure, nature, count: 1)
    case nil: return image.report
    }
  }

  /// What a node says of an image that it holds, as far as that can be read.
  private func statement(
    of digest: Digest, for reference: String, in pod: Pod, on name: String
  ) -> FleetPod.Report {
    // An agent asks its runtime for the digest.
    guard !pod.seen.isOfAgent, nodes[name]?.aliases.contains(digest) == true, !reference.contains("@") else {
      return .held(digest)
    }
    // Two containers that state the same have the same content.
    for other in pod.seen.images {
      if let pinned = PinnedReference.digest(in: other.reference, of: reference),
        nodes[name]?.held[other.reference] == digest
      {
        return .held(pinned)
      }
    }
    return .unclear
  }

  // MARK: Changes

  mutating func seeNode(_ name: String) {
    guard let node = nodes[name] else { return tell(.nodeGone(name)) }
    var seen = FleetNode(facts: node.facts, createdAt: node.createdAt)
    seen.isMarkedWarm = node.isMarkedWarm
    seen.agent = node.agent
    seen.hasDiskPressure = node.hasDiskPressure
    seen.listed = node.listed
    (seen.madeAt, seen.images) = (node.madeAt, node.images)
    tell(.node(seen))
  }

  mutating func addNode(_ name: String, age: Duration = .seconds(3600), _ change: (inout NodeFacts) -> Void = { _ in })
  {
    lastUID += 1
    var facts = NodeFacts(name: name, uid: "\(name)-\(lastUID)")
    change(&facts)
    nodes[name] = Machine(facts: facts, createdAt: now - age)
    if remembersSecrets { nodes[name]?.proved = [:] }
    // A WarmNode is owned by its Node, so that it goes with it.
    if records[name]?.uid != facts.uid { records[name] = nil }
    wishes[name] = nil
    seeNode(name)
  }

  mutating func changeNode(_ name: String, _ change: (inout NodeFacts) -> Void) {
    guard var node = nodes[name] else { return }
    change(&node.facts)
    nodes[name] = node
    seeNode(name)
  }

  mutating func removeNode(_ name: String) {
    nodes[name] = nil
    records[name] = nil
    wishes[name] = nil
    tell(.nodeGone(name))
  }

  mutating func setPlan(_ id: PrepullID, _ plan: FleetPlan) {
    plans[id] = plan
    tell(.prepull(id, plan))
  }

  mutating func removePlan(_ id: PrepullID) {
    plans[id] = nil
    leaving.insert(id)
    tell(.prepullGone(id))
  }

  /// The process dies, with all that it asked for and nobody did; another one takes over from what is stored.
  mutating func restart() {
    pending = []
    late = []
    asked = [:]
    machine = FleetMachine(limits: limits)
    for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
      guard records[name] != nil || wishes[name] != nil else { continue }
      var record = records[name] ?? NodeRecord(node: name, uid: node.facts.uid)
      record.ordered = (wishes[name] ?? []).map(\.reference)
      tell(.remembered(record))
    }
    for (id, plan) in plans.sorted(by: { $0.key.key < $1.key.key }) { tell(.prepull(id, plan)) }
    for id in leaving.sorted(by: { $0.key < $1.key }) { tell(.prepullGone(id)) }
    for name in nodes.keys.sorted() { seeNode(name) }
    for (_, pod) in pods.sorted(by: { $0.value.seen.uid < $1.value.seen.uid }) { tell(.pod(pod.seen)) }
    if !pending.isEmpty { complaints.append("it acts before all is known") }
    tell(.synced)
  }

  // MARK: Looking

  func holdsAll(_ node: String, _ references: [String]) -> Bool {
    references.allSatisfy { nodes[node]?.held[$0] != nil }
  }

  func summary(_ id: PrepullID) -> FleetSummary { machine.summary(of: id) ?? FleetSummary(generation: -1) }

  var news: [FleetEvent] { actions.compactMap { if case .report(let event) = $0 { event } else { nil } } }
  var orders: [PodOrder] { actions.compactMap { if case .create(let order) = $0 { order } else { nil } } }
  var openings: [GateOpening] {
    actions.compactMap { if case .openGate(let opening) = $0 { opening } else { nil } }
  }

  mutating func forgetActions() { actions = [] }
  mutating func dropPending() { pending = [] }

  static func digest(_ number: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: number, count: 32)) }

  static func failure(_ code: String) -> WarmFailure {
    WarmFailure(code: code, detail: "it is \(code)", remedy: "mend it")
  }

  static let denied = Answer.fails(failure("denied"), .final)
  static let notFound = Answer.fails(failure("notFound"), .final)
  static let down = Answer.fails(failure("unreachable"), .passing)
}

extension FleetPod.Report {
  fileprivate var isThere: Bool {
    switch self {
    case .held, .unclear: true
    case .waiting, .failing: false
    }
  }
}

extension FleetSummary {
  fileprivate func refusal(of reference: String) -> WarmFailure? { images.first { $0.reference == reference }?.refusal }
}

extension FleetPlan {
  func wants(_ reference: String) -> Bool { images.contains { $0.reference == reference } }

  static func of(
    _ references: [String], digest: Digest? = nil, createdAt: Duration = .zero,
    _ change: (inout FleetPlan) -> Void = { _ in }
  ) -> FleetPlan {
    let images = references.map { reference in
      FleetImage(
        reference: reference, registry: String(reference.prefix { $0 != "/" }),
        resolution: digest.map { ImageResolution(digest: $0, platforms: [], variants: [:]) })
    }
    var plan = FleetPlan(generation: 1, images: images, createdAt: createdAt)
    plan.parallelism = .nodes(100)
    plan.perRegistry = 100
    change(&plan)
    return plan
  }
}

extension PrepullID {
  static func named(_ name: String) -> PrepullID { PrepullID(namespace: "ns", name: name, uid: "uid-\(name)") }
}
