import ImageModel
import Kubernetes

/// Stands between Kubernetes' objects and the machine: reads what comes, and says what to do in terms of objects.
///
/// Neither input nor output, like the machine that it asks.
struct RunBoard: Sendable {
  let plan: RunPlan
  let objects: RunObjects
  var owner: ConfigMap
  private(set) var machine = FleetMachine(limits: RunPlan.limits)
  /// Indices of the images, and references, by the names of the containers, which are the same in every pod.
  private let containers: [String: Int]
  private let references: [String: String]
  /// Indices of the images by reference.
  private let indices: [String: Int]
  private var time = Duration.zero

  var pods: [FleetPod.ID: RunPod] = [:]
  private var ids: [String: FleetPod.ID] = [:]
  /// Pods that are deleted, by name: events about them may still be on their way.
  private var done: [String: RunPod] = [:]
  var facts: [String: NodeFacts] = [:]
  var skipped: [String: NodeVerdict.SkipReason] = [:]
  var unsupported: [String: String] = [:]
  private(set) var images: [RunResult.Image]
  /// By node and image, whether the kubelet said that it pulled it (true) or found it there.
  private var heard: [String: [Int: Bool]] = [:]
  private var isPlanned = false
  private var isCheckingOwner = false
  private var isLost = false

  init(plan: RunPlan, objects: RunObjects, owner: ConfigMap) {
    self.plan = plan
    self.objects = objects
    self.owner = owner
    let given = plan.request.images.map(\.given)
    containers = Dictionary(zip(objects.containerNames, given.indices)) { first, _ in first }
    references = Dictionary(zip(objects.containerNames, given)) { first, _ in first }
    indices = Dictionary(zip(given, given.indices)) { first, _ in first }
    images = zip(given, plan.resolutions).map { RunResult.Image(reference: $0, resolution: $1) }
    _ = machine.handle(.prepull(objects.owner, plan.fleet), at: .zero)
    _ = machine.handle(.synced, at: .zero)
  }

  /// The names of the run's pods that are there, as far as the cluster said.
  private(set) var livePods: Set<String> = []

  /// Whether there is nothing left to wait for.
  var isOver: Bool { (isPlanned || machine.stopReason != nil) && machine.isRolloutFinished }

  /// Whether nodes hold images of which no event has said yet how they got them. Events come after the status
  /// that ends a run, or never.
  var awaitsEvents: Bool {
    guard machine.stopReason == nil else { return false }
    let coverage = machine.rolloutState.coverage
    return images.enumerated().contains { $1.pulls + $1.present < coverage.counts(image: $0)[.warm] }
  }

  mutating func take(_ signal: RunSignal, at now: Duration) -> [RunEffect] {
    time = now
    var effects: [RunEffect] = []
    switch signal {
    case .nodes(let event): takeNodes(event, &effects)
    case .pods(let event): takePods(event, &effects)
    case .events(let event): takeEvent(event, &effects)
    case .noEvents(let error):
      effects.append(.tell(.warning("no live progress, as events may not be watched: \(error.detail)")))
    case .blind(let error): stop(.refused(WarmFailure(error)), &effects)
    case .created(let id, let name, let uid): created(id, name, uid, &effects)
    case .notCreated(let id, let error): notCreated(id, error, &effects)
    case .looked(let id, let isThere): if !isThere { vanished(id, &effects) }
    case .owner(let configMap, let isNew):
      isCheckingOwner = false
      owner = configMap
      if isNew {
        let name = configMap.metadata.name ?? ""
        effects.append(.tell(.warning("the ConfigMap \(name) was deleted by somebody else and is created again")))
      }
    case .ownerFailed(let error):
      isCheckingOwner = false
      if error.isPassing { connectionLost(error, &effects) } else { stop(.refused(WarmFailure(error)), &effects) }
    case .reached: connectionRestored(&effects)
    case .lost(let error): connectionLost(error, &effects)
    case .tick: feed(.tick, &effects)
    }
    return effects
  }

  mutating func stop(_ reason: StopReason, _ effects: inout [RunEffect]) { feed(.stop(reason), &effects) }

  /// Tells the machine, and puts what it answers into terms of objects.
  mutating func feed(_ input: FleetMachine.Input, _ effects: inout [RunEffect]) {
    for action in machine.handle(input, at: time) {
      switch action {
      case .create(let order): effects.append(make(order))
      case .delete(let id, _):
        guard let pod = pods.removeValue(forKey: id) else { continue }
        ids[pod.name] = nil
        done[pod.name] = pod
        effects.append(.delete(name: pod.name, isNodeGone: facts[id.node] == nil))
      case .rollout(let report): if let event = event(of: report) { effects.append(.tell(event)) }
      // Nothing of a run is kept, and the events of single pods are told by themselves.
      case .record, .wishes, .summary, .openGate, .mark, .cleared, .report: break
      }
    }
  }

  private func event(of report: RolloutReport) -> RunEvent? {
    switch report {
    case .nodeAdded(let name): isPlanned ? .nodeAdded(node: name) : nil
    case .nodeStarted(let name): .nodeStarted(node: name)
    case .cell(let node, let image, let cell): .cell(node: node, image: image, cell)
    case .imageFailed(let node, let image, let failure, let isFinal):
      .imageFailed(node: node, image: image, failure, isFinal: isFinal)
    case .retrying(let node, let reason, let wait): .podRetried(node: node, reason: reason, after: wait)
    case .nodeWaits(let name): .nodeWaits(node: name)
    case .seedWait(let wait): .seedWait(wait)
    case .nodeFinished(let name, let outcome): .nodeFinished(node: name, outcome)
    case .nodeGone(let name): .nodeGone(node: name)
    case .stopping(let reason): .stopping(reason)
    }
  }

  private mutating func make(_ order: PodOrder) -> RunEffect {
    let (id, isProof) = (order.id, order.purpose == .verify)
    let pod = objects.pod(
      id, images: order.images.compactMap { indices[$0.reference] }, architecture: architecture(of: id.node),
      owner: owner, isProof: isProof)
    let name = pod.metadata.name ?? ""
    if pods[id] == nil {
      pods[id] = RunPod(
        id: id, name: name, images: containers, references: references, isProof: isProof)
    }
    ids[name] = id
    return .create(id, pod)
  }

  private func architecture(of node: String) -> TouchProgram.Architecture {
    TouchProgram.Architecture(of: facts[node])
  }

  // MARK: Pods

  private mutating func takePods(_ event: WatchEvent<Pod>, _ effects: inout [RunEffect]) {
    switch event {
    case .failed(let error, _): return connectionLost(error, &effects)
    case .restarted(let list):
      livePods = Set(list.compactMap(\.metadata.name))
      for pod in list { read(pod, &effects) }
      // The list may be older than the pod: only a look at it tells.
      for (id, pod) in pods where pod.isCreated && !livePods.contains(pod.name) {
        effects.append(.look(id, name: pod.name))
      }
    case .applied(let pod):
      if let name = pod.metadata.name { livePods.insert(name) }
      read(pod, &effects)
    case .deleted(let pod):
      if let name = pod.metadata.name { livePods.remove(name) }
      if let id = id(of: pod) {
        vanished(id, &effects)
      } else if let id = pod.metadata.name.flatMap({ done[$0]?.id }) {
        feed(.podGone(id, uid: pod.metadata.uid), &effects)
      }
    }
    connectionRestored(&effects)
  }

  private func id(of pod: Pod) -> FleetPod.ID? { pod.metadata.name.flatMap { ids[$0] } }

  private mutating func read(_ pod: Pod, _ effects: inout [RunEffect]) {
    guard let id = id(of: pod), let seen = pods[id]?.read(pod, in: plan, at: time) else { return }
    // The owner of all may have been deleted too.
    if pods[id]?.isLost(seen) ?? false { checkOwner(&effects) }
    feed(.pod(seen), &effects)
  }

  private mutating func vanished(_ id: FleetPod.ID, _ effects: inout [RunEffect]) {
    guard let input = pods[id]?.vanished() else { return }
    checkOwner(&effects)
    feed(input, &effects)
  }

  private mutating func created(_ id: FleetPod.ID, _ name: String, _ uid: String, _ effects: inout [RunEffect]) {
    guard let before = pods[id]?.name else {
      // It was given up while it was being made.
      effects.append(.delete(name: name, isNodeGone: facts[id.node] == nil))
      return
    }
    if before != name {
      ids[before] = nil
      ids[name] = id
      pods[id]?.name = name
    }
    pods[id]?.uid = uid
    feed(.podCreated(id, uid: uid), &effects)
    connectionRestored(&effects)
  }

  private mutating func notCreated(_ id: FleetPod.ID, _ error: APIError, _ effects: inout [RunEffect]) {
    guard let name = pods[id]?.name else { return }
    connectionLost(error, &effects)
    let failure = CreationFailure(error, of: .options)
    if case .passing = failure {
    } else {
      // Where it is asked for again it is made anew.
      pods[id] = nil
      ids[name] = nil
    }
    feed(.podRefused(id, failure), &effects)
  }

  private mutating func checkOwner(_ effects: inout [RunEffect]) {
    guard !isCheckingOwner else { return }
    isCheckingOwner = true
    effects.append(.checkOwner)
  }

  // MARK: Events

  private mutating func takeEvent(_ event: WatchEvent<Event>, _ effects: inout [RunEffect]) {
    guard case .applied(let event) = event, let read = PodEvent(event) else { return }
    let id = ids[read.pod]
    if let new = (id.flatMap { pods[$0] } ?? done[read.pod])?.report(of: read) {
      if count(new) { effects.append(.tell(new)) }
    }
    guard let id, let input = pods[id]?.read(read, in: plan) else { return }
    if case .warning(let text) = read.content, text.contains("configmap"), text.contains("not found") {
      checkOwner(&effects)
    }
    feed(input, &effects)
  }

  /// Counts each image of a node once: an event comes again when its container is restarted.
  ///
  /// - Returns: whether it is new.
  private mutating func count(_ event: RunEvent) -> Bool {
    switch event {
    case .imagePulled(let node, let image, _, let bytes):
      guard heard[node]?[image] != true else { return false }
      if heard[node, default: [:]].updateValue(true, forKey: image) == false { images[image].present -= 1 }
      images[image].pulls += 1
      images[image].pulledBytes += bytes ?? 0
    case .imagePresent(let node, let image):
      guard heard[node]?[image] == nil else { return false }
      heard[node, default: [:]][image] = false
      images[image].present += 1
    default: break
    }
    return true
  }

  // MARK: Connection

  private mutating func connectionLost(_ error: APIError, _ effects: inout [RunEffect]) {
    guard !isLost, error.isPassing, error.code != .tooManyRequests, error.code != .conflict else { return }
    isLost = true
    effects += [.tell(.connectionLost(reason: error.detail)), .ping]
  }

  private mutating func connectionRestored(_ effects: inout [RunEffect]) {
    guard isLost else { return }
    isLost = false
    effects.append(.tell(.connectionRestored))
  }

  // MARK: Nodes

  private mutating func takeNodes(_ event: WatchEvent<Node>, _ effects: inout [RunEffect]) {
    switch event {
    case .failed(let error, _): return connectionLost(error, &effects)
    case .restarted(let list):
      let new = list.map(NodeFacts.init)
      let names = Set(new.map(\.name))
      for name in facts.keys.sorted() where !names.contains(name) { gone(name, &effects) }
      let ordered = new.inWarmingOrder
      if !isPlanned { plan(ordered, &effects) }
      take(list, in: ordered, &effects)
      isPlanned = true
    case .applied(let node): take([node], in: [NodeFacts(node)], &effects)
    case .deleted(let node): gone(node.metadata.name ?? "", &effects)
    }
    connectionRestored(&effects)
  }

  private func plan(_ nodes: [NodeFacts], _ effects: inout [RunEffect]) {
    let names = nodes.filter { node in
      switch plan.request.nodes.verdict(for: node) {
      case .wanted, .unsupported: true
      case .skipped: false
      }
    }
    effects.append(.tell(.planned(nodes: names.map(\.name), images: plan.request.images.map(\.given))))
  }

  /// - Parameter order: the same nodes, in the order in which they are begun.
  private mutating func take(_ list: [Node], in order: [NodeFacts], _ effects: inout [RunEffect]) {
    let objects = Dictionary(list.map { ($0.metadata.name ?? "", $0) }) { first, _ in first }
    let hadTurn = Set(order.map(\.name).filter(machine.hasTurn))
    for node in order {
      facts[node.name] = node
      if case .unsupported(let reason) = plan.request.nodes.verdict(for: node),
        unsupported.updateValue(reason, forKey: node.name) != reason
      {
        effects.append(.tell(.nodeUnsupported(node: node.name, reason: reason)))
      }
    }
    let nodes = order.map { facts in
      var node = FleetNode(facts: facts, createdAt: .zero)
      node.madeAt = objects[facts.name]?.metadata.creationTimestamp ?? ""
      node.images = objects[facts.name]?.status?.images?.count ?? 0
      return node
    }
    feed(.nodes(nodes), &effects)
    for node in order { tellSkipped(node, hadTurn: hadTurn.contains(node.name), &effects) }
  }

  private mutating func tellSkipped(_ node: NodeFacts, hadTurn: Bool, _ effects: inout [RunEffect]) {
    switch plan.request.nodes.verdict(for: node) {
    case .wanted, .unsupported: skipped[node.name] = nil
    case .skipped(let reason):
      let isOut = !machine.hasTurn(node.name)
      if reason.isWorthSaying || hadTurn, isOut, skipped.updateValue(reason, forKey: node.name) != reason {
        effects.append(.tell(.nodeSkipped(node: node.name, reason)))
      }
    }
  }

  private mutating func gone(_ name: String, _ effects: inout [RunEffect]) {
    facts[name] = nil
    heard[name] = nil
    skipped[name] = nil
    unsupported[name] = nil
    feed(.nodeGone(name), &effects)
  }
}
