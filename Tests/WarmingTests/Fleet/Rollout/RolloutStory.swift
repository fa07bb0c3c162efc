@testable import Warming
import ImageModel
import Kubernetes
import Networking

/// A machine that has one plan which comes to an end, with a clock that is set by hand, and what came of it so far.
struct RolloutStory {
  /// What a story tells, in words of one pod and one image.
  enum Input {
    case nodeWanted(name: String, uid: String, unsupported: [Int: String])
    case nodeUnwanted(name: String)
    case nodeGone(name: String)
    case podCreated(FleetPod.ID)
    case podCreationFailed(FleetPod.ID, CreationFailure)
    case podScheduled(FleetPod.ID)
    case podUnschedulable(FleetPod.ID, reason: String)
    case podLost(FleetPod.ID, reason: String)
    case podSucceeded(FleetPod.ID)
    case image(FleetPod.ID, image: Int, Signal)
    case note(FleetPod.ID, String)
    case tick
    case stop(StopReason)
  }

  /// What is heard of one image on one node.
  enum Signal {
    case pulling, pulled
    case held(Digest)
    case failing(WarmFailure, FailureNature)
  }

  /// What a plan asks for, and the limits beside it.
  struct Settings {
    var rules = RolloutRules()
    var limits = RunPlan.limits
    var parallelism = Parallelism.nodes(20)
    var seeds = 0
    var nodeTimeout = Duration.seconds(15 * 60)
  }

  static let prepull = PrepullID(namespace: "default", name: "story", uid: "story")
  static let wanted = Digest(bytes: [UInt8](repeating: 7, count: 32))
  private static let wrongPlatforms = [Platform(os: "linux", architecture: "s390x")]

  var machine: FleetMachine
  var now = Duration.zero
  let images: [String]
  /// All actions since the beginning.
  private(set) var actions: [FleetMachine.Action] = []
  /// The pods of each node that were asked for, in order.
  private(set) var pods: [String: [FleetPod.ID]] = [:]
  /// How each pod was seen last.
  private var seen: [FleetPod.ID: FleetPod] = [:]
  private let plan: FleetPlan

  init(images count: Int = 1, _ change: (inout Settings) -> Void = { _ in }) {
    var settings = Settings()
    change(&settings)
    images = (0..<count).map { "r.io/image:\($0)" }
    var plan = FleetPlan(
      generation: 1,
      images: images.enumerated().map { position, reference in
        let variant = ImageResolution.Variant(digest: Self.wanted, configDigest: Self.wanted, sizeBytes: 1)
        let masks = (0..<(1 << min(count, 5))).filter { $0 & (1 << position) == 0 }
        let variants = Dictionary(uniqueKeysWithValues: masks.map { (Self.architecture(without: $0), variant) })
        return FleetImage(
          reference: reference, registry: "r.io",
          resolution: ImageResolution(digest: Self.wanted, platforms: Self.wrongPlatforms, variants: variants))
      }, createdAt: .zero)
    plan.nodes.machines.formUnion((0..<(1 << min(count, 5))).map(Self.architecture))
    plan.mode = .once
    plan.parallelism = settings.parallelism
    plan.seeds = settings.seeds
    plan.timeout = settings.nodeTimeout
    plan.rollout = settings.rules
    self.plan = plan
    machine = FleetMachine(limits: settings.limits)
    feed(.prepull(Self.prepull, plan))
    feed(.synced)
  }

  // MARK: Telling

  @discardableResult
  mutating func tell(_ input: Input, after wait: Duration = .zero) -> [FleetMachine.Action] {
    now += wait
    let count = actions.count
    switch input {
    case .nodeWanted(let name, let uid, let unsupported):
      let mask = unsupported.keys.reduce(0) { $0 | 1 << $1 }
      feed(.node(Self.node(name, uid: uid, architecture: Self.architecture(without: mask))))
    case .nodeUnwanted(let name):
      var node = Self.node(name, uid: name, architecture: Self.architecture(without: 0))
      node.facts.isSchedulable = false
      feed(.node(node))
    case .nodeGone(let name): feed(.nodeGone(name))
    case .podCreated(let id): feed(.podCreated(id, uid: Self.uid(of: id)))
    case .podCreationFailed(let id, let failure): feed(.podRefused(id, failure))
    case .podScheduled(let id):
      see(id) { pod in
        pod.isScheduled = true
        pod.unschedulable = nil
      }
    case .podUnschedulable(let id, let reason): see(id) { $0.unschedulable = reason }
    case .podLost(let id, let reason): see(id) { $0.phase = .failed(reason: reason) }
    case .podSucceeded(let id): see(id) { $0.phase = .succeeded }
    case .image(let id, let image, .pulling): feed(.moved(id, reference: images[image], isPulled: false))
    case .image(let id, let image, .pulled): feed(.moved(id, reference: images[image], isPulled: true))
    case .image(let id, let image, .held(let digest)): see(id, image: image) { _ in .held(digest) }
    case .image(let id, let image, .failing(let failure, let nature)):
      see(id, image: image) { before in
        guard case .failing(_, _, let count) = before else { return .failing(failure, nature, count: 1) }
        return .failing(failure, nature, count: count + 1)
      }
    case .note(let id, let text): feed(.warned(id, text))
    case .tick: feed(.tick)
    case .stop(let reason): feed(.stop(reason))
    }
    return Array(actions[count...])
  }

  /// A pod is not there any more.
  mutating func gone(_ id: FleetPod.ID) { feed(.podGone(id, uid: Self.uid(of: id))) }

  mutating func want(_ names: String...) {
    for name in names { tell(.nodeWanted(name: name, uid: name, unsupported: [:])) }
  }

  @discardableResult
  mutating func image(
    _ image: Int = 0, on node: String, part: Int = 0, _ signal: Signal, after wait: Duration = .zero
  ) -> [FleetMachine.Action] {
    tell(.image(pod(node, part: part), image: image, signal), after: wait)
  }

  private mutating func feed(_ input: FleetMachine.Input) {
    let new = machine.handle(input, at: now)
    actions += new
    for case .create(let order) in new {
      guard seen[order.id] == nil else { continue }
      pods[order.id.node, default: []].append(order.id)
      seen[order.id] = FleetPod(
        id: order.id, uid: Self.uid(of: order.id), purpose: order.purpose, createdAt: now,
        images: order.images.map { FleetPod.Image(reference: $0.reference, policy: $0.policy) })
    }
  }

  /// The pod in another state; of pods that are given up nobody hears.
  private mutating func see(_ id: FleetPod.ID, _ change: (inout FleetPod) -> Void) {
    guard var pod = seen[id], machine.livePods[id] != nil else { return }
    change(&pod)
    seen[id] = pod
    feed(.pod(pod))
  }

  private mutating func see(_ id: FleetPod.ID, image: Int, _ change: (FleetPod.Report) -> FleetPod.Report) {
    guard let index = seen[id]?.images.firstIndex(where: { $0.reference == images[image] }) else { return }
    see(id) { $0.images[index].report = change($0.images[index].report) }
  }

  private static func uid(of id: FleetPod.ID) -> String { "uid-\(id.serial)" }

  /// That for which some images, by the bits of their positions, have nothing.
  private static func architecture(without mask: Int) -> String { mask == 0 ? "amd64" : "without-\(mask)" }

  private static func node(_ name: String, uid: String, architecture: String) -> FleetNode {
    var facts = NodeFacts(name: name, uid: uid)
    facts.architecture = architecture
    return FleetNode(facts: facts, createdAt: .zero)
  }

  // MARK: Looking

  /// The node's pod of a part, as they were asked for; a pod that nobody asked for when there is none. Of the first
  /// part it is the last that was made where the node was tried again.
  func pod(_ node: String, part: Int = 0) -> FleetPod.ID {
    let own = pods[node] ?? []
    if part == 0, let last = own.last(where: { seen[$0]?.images.map(\.reference).contains(images[0]) ?? false }) {
      return last
    }
    return part < own.count ? own[part] : FleetPod.ID(prepull: Self.prepull, node: node, nodeUID: node, serial: -1)
  }

  var reports: [RolloutReport] {
    actions.compactMap { if case .rollout(let report) = $0 { report } else { nil } }
  }
  var orders: [PodOrder] { actions.compactMap { if case .create(let order) = $0 { order } else { nil } } }
  private func positions(_ order: PodOrder) -> [Int] {
    order.images.compactMap { images.firstIndex(of: $0.reference) }
  }
  /// The nodes for which pods that pull were asked for, in order.
  var created: [String] { orders.filter { $0.purpose == .pull }.map(\.id.node) }
  /// The images of each pod that was asked for, in order.
  var parts: [[Int]] { orders.filter { $0.purpose == .pull }.map(positions) }
  var proofs: [[Int]] { orders.filter { $0.purpose == .verify }.map(positions) }
  var deleted: [FleetPod.ID] { actions.compactMap { if case .delete(let id, _) = $0 { id } else { nil } } }
  var outcomes: [String: NodeOutcome] {
    Dictionary(
      reports.compactMap { if case .nodeFinished(let node, let outcome) = $0 { (node, outcome) } else { nil } },
      uniquingKeysWith: { first, _ in first })
  }
  var coverage: Coverage { machine.rolloutState.coverage }

  static let held = Signal.held(wanted)

  static func failing(_ code: String = "notFound", _ nature: FailureNature = .final) -> Signal {
    .failing(WarmFailure(code: code, detail: "it is \(code)", remedy: "mend it"), nature)
  }
}

extension FleetPod.ID {
  /// A pod of a run.
  static func ofRun(on node: String, serial: Int) -> FleetPod.ID {
    FleetPod.ID(prepull: RolloutStory.prepull, node: node, nodeUID: node, serial: serial)
  }
}
