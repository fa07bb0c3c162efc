import ImageModel
import Kubernetes

/// Stands between Kubernetes' objects and the rollout: reads what comes, and says what to do in terms of objects.
///
/// Neither input nor output, like the machine that it asks.
struct RunBoard: Sendable {
  let plan: RunPlan
  let objects: RunObjects
  var owner: ConfigMap
  private(set) var machine: RolloutMachine
  /// Indices of the images, and references, by the names of the containers, which are the same in every pod.
  private let containers: [String: Int]
  private let references: [String: String]
  private var time = Duration.zero

  var pods: [RolloutMachine.PodID: RunPod] = [:]
  private var ids: [String: RolloutMachine.PodID] = [:]
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
    machine = RolloutMachine(images: given, settings: plan.settings)
    images = zip(given, plan.resolutions).map { RunResult.Image(reference: $0, resolution: $1) }
  }

  /// The names of the run's pods that are there, as far as the cluster said.
  private(set) var livePods: Set<String> = []

  /// Whether there is nothing left to wait for.
  var isOver: Bool { machine.stopped != nil && machine.isFinished || isPlanned && machine.isFinished }

  /// Whether nodes hold images of which no event has said yet how they got them. Events come after the status
  /// that ends a run, or never.
  var awaitsEvents: Bool {
    let coverage = machine.coverage
    return machine.stopped == nil
      && images.enumerated().contains { $1.pulls + $1.present < coverage.counts(image: $0)[.warm] }
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
    case .created(let id, let name, let error): created(id, name, error, &effects)
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
  mutating func feed(_ input: RolloutMachine.Input, isNodeGone: Bool = false, _ effects: inout [RunEffect]) {
    for action in machine.handle(input, at: time) {
      switch action {
      case .create(let id, let images): effects.append(make(id, images, isProof: false))
      case .prove(let id, let images): effects.append(make(id, images, isProof: true))
      case .delete(let id):
        guard let pod = pods.removeValue(forKey: id) else { continue }
        ids[pod.name] = nil
        done[pod.name] = pod
        effects.append(.delete(name: pod.name, isNodeGone: isNodeGone))
      case .nodeAdded(let name): if isPlanned { effects.append(.tell(.nodeAdded(node: name))) }
      case .nodeStarted(let name): effects.append(.tell(.nodeStarted(node: name)))
      case .cell(let node, let image, let cell):
        effects.append(.tell(.cell(node: node, image: image, cell)))
      case .imageFailed(let node, let image, let failure, let isFinal):
        effects.append(.tell(.imageFailed(node: node, image: image, failure, isFinal: isFinal)))
      case .retrying(let node, let reason, let wait):
        effects.append(.tell(.podRetried(node: node, reason: reason, after: wait)))
      case .nodeFinished(let name, let outcome): effects.append(.tell(.nodeFinished(node: name, outcome)))
      case .nodeGone(let name): effects.append(.tell(.nodeGone(node: name)))
      case .stopping(let reason): effects.append(.tell(.stopping(reason)))
      }
    }
  }

  private mutating func make(_ id: RolloutMachine.PodID, _ images: [Int], isProof: Bool) -> RunEffect {
    let pod = objects.pod(
      id, images: images, architecture: architecture(of: id.node), owner: owner, isProof: isProof)
    let name = pod.metadata.name ?? ""
    if pods[id] == nil {
      pods[id] = RunPod(id: id, name: name, images: containers, references: references, isProof: isProof)
    }
    ids[name] = id
    return .create(id, pod)
  }

  private func architecture(of node: String) -> TouchProgram.Architecture {
    facts[node].flatMap { TouchProgram.Architecture(rawValue: $0.architecture) } ?? .amd64
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
      if let id = id(of: pod) { vanished(id, &effects) }
    }
    connectionRestored(&effects)
  }

  private func id(of pod: Pod) -> RolloutMachine.PodID? { pod.metadata.name.flatMap { ids[$0] } }

  private mutating func read(_ pod: Pod, _ effects: inout [RunEffect]) {
    guard let id = id(of: pod), let inputs = pods[id]?.read(pod, in: plan) else { return }
    if pods[id]?.isCreated == false { created(id, pod.metadata.name ?? "", nil, &effects) }
    feed(inputs, &effects)
  }

  private mutating func vanished(_ id: RolloutMachine.PodID, _ effects: inout [RunEffect]) {
    guard let inputs = pods[id]?.vanished() else { return }
    feed(inputs, &effects)
  }

  private mutating func feed(_ inputs: [RolloutMachine.Input], _ effects: inout [RunEffect]) {
    for input in inputs {
      // The owner of all may have been deleted too.
      if case .podLost = input { checkOwner(&effects) }
      feed(input, &effects)
    }
  }

  private mutating func created(
    _ id: RolloutMachine.PodID, _ name: String, _ error: APIError?, _ effects: inout [RunEffect]
  ) {
    guard let error else {
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
      pods[id]?.isCreated = true
      feed(.podCreated(id), &effects)
      return connectionRestored(&effects)
    }
    guard pods[id] != nil else { return }
    connectionLost(error, &effects)
    feed(.podCreationFailed(id, CreationFailure(error, of: .options)), &effects)
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
    guard let id, let inputs = pods[id]?.read(read) else { return }
    if case .warning(let text) = read.content, text.contains("configmap"), text.contains("not found") {
      checkOwner(&effects)
    }
    feed(inputs, &effects)
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
      for node in ordered { take(node, &effects) }
      isPlanned = true
    case .applied(let node): take(NodeFacts(node), &effects)
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

  private mutating func take(_ node: NodeFacts, _ effects: inout [RunEffect]) {
    facts[node.name] = node
    switch plan.request.nodes.verdict(for: node) {
    case .wanted:
      skipped[node.name] = nil
      feed(.nodeWanted(name: node.name, uid: node.uid, unsupported: plan.unsupported(on: node)), &effects)
    case .unsupported(let reason):
      skipped[node.name] = nil
      if unsupported.updateValue(reason, forKey: node.name) != reason {
        effects.append(.tell(.nodeUnsupported(node: node.name, reason: reason)))
      }
      let all = Dictionary(plan.request.images.indices.map { ($0, reason) }) { first, _ in first }
      feed(.nodeWanted(name: node.name, uid: node.uid, unsupported: all), &effects)
    case .skipped(let reason):
      feed(.nodeUnwanted(name: node.name), &effects)
      let isOut = !machine.knows(node.name)
      if reason.isWorthSaying, isOut, skipped.updateValue(reason, forKey: node.name) != reason {
        effects.append(.tell(.nodeSkipped(node: node.name, reason)))
      }
    }
  }

  private mutating func gone(_ name: String, _ effects: inout [RunEffect]) {
    facts[name] = nil
    heard[name] = nil
    skipped[name] = nil
    unsupported[name] = nil
    feed(.nodeGone(name: name), isNodeGone: true, &effects)
  }
}
