import Serving
@testable import Operator
import Warming
@testable import PrepullAPI
import ImageModel
import Testing

@testable import Kubernetes

/// A cluster around a board, without input, output or time of its own: registries answer and kubelets pull at once, and
/// every seventh write fails the first time.
struct BoardWorld {
  let metrics = ControllerMetrics()
  private(set) var board: FleetBoard
  private var now = Duration.seconds(1_700_000_000)
  private var prepulls: [String: Prepull] = [:]
  private var nodes: [String: NodeSketch] = [:]
  private var pods: [PodName: Pod] = [:]
  private var resolved: Set<ResolutionKey> = []
  private var signals: [ControllerSignal] = []
  private var serial = 0
  private var failed: Set<WriteKey> = []
  /// Containers that were run, each on an image.
  private(set) var pulls = 0

  init() {
    board = FleetBoard(machine: FleetMachine(limits: FleetLimits()), metrics: metrics, random: { 0.5 })
    signals = [.prepulls(.restarted([])), .nodes(.restarted([])), .pods(.restarted([])), .rememberedAll]
    settle()
  }

  // MARK: What users do

  mutating func addNode(_ name: String, group: String, taint: String? = nil) {
    var metadata = ObjectMeta(name: name, labels: ["group": group, "kubernetes.io/hostname": name])
    serial += 1
    metadata.uid = "node-uid-\(serial)"
    metadata.creationTimestamp = now.timestamp
    let taints = taint.map { [Taint(key: $0, effect: "NoSchedule")] } ?? []
    let status = NodeSketch.Status(
      conditions: [Condition(type: "Ready", status: "True")],
      nodeInfo: NodeSketch.Status.Info(architecture: "amd64", operatingSystem: "linux", bootID: "b"),
      images: ListedImages())
    let node = NodeSketch(
      metadata: metadata, spec: NodeSketch.Spec(unschedulable: nil, taints: taints), status: status)
    nodes[name] = node
    signals.append(.nodes(.applied(node)))
  }

  mutating func removeNode(_ name: String) {
    guard let node = nodes.removeValue(forKey: name) else { return }
    signals.append(.nodes(.deleted(node)))
    for (key, pod) in pods where pod.metadata.annotations?[PullerKey.node] == name {
      pods[key] = nil
      signals.append(.pods(.deleted(pod)))
    }
  }

  mutating func want(_ name: String, _ images: [String], group: String, gate: String? = nil) {
    var spec = Prepull.Spec()
    spec.images = images.map { Prepull.Image(image: $0) }
    var choice = Prepull.Nodes()
    choice.selector = LabelSelector(matchLabels: ["group": group])
    spec.nodes = choice
    spec.gate = gate.map { Prepull.Gate(startupTaint: $0) }
    var metadata = prepulls[name]?.metadata ?? ObjectMeta(name: name, namespace: "team")
    metadata.uid = "uid-of-\(name)"
    metadata.creationTimestamp = metadata.creationTimestamp ?? now.timestamp
    metadata.generation = (metadata.generation ?? 0) + 1
    let prepull = Prepull(metadata: metadata, spec: spec)
    prepulls[name] = prepull
    signals.append(.prepulls(.applied(prepull)))
  }

  // MARK: What goes on

  /// Lets everything happen that is due within so many seconds.
  mutating func run(for seconds: Int) {
    settle()
    for _ in 0..<seconds {
      now += .seconds(1)
      signals.append(.tick)
      settle()
    }
  }

  private mutating func settle() {
    while !signals.isEmpty {
      let batch = signals
      signals = []
      for signal in batch {
        for effect in board.take(signal, at: now) { perform(effect) }
      }
    }
  }

  private mutating func perform(_ effect: ControllerEffect) {
    switch effect {
    case .write(let key, let write):
      serial += 1
      if serial.isMultiple(of: 7), failed.insert(key).inserted {
        signals.append(.finished(key, .failed(APIError(.serverError, isRetryable: true, detail: "injected"))))
      } else {
        failed.remove(key)
        signals.append(.finished(key, perform(write)))
      }
    case .resolve(let requests, _):
      for request in requests where !resolved.contains(request.key) {
        var answer = ResolutionAnswer()
        let digest = Self.digest(of: request.key.reference)
        answer.resolution = ImageResolution(
          digest: digest, platforms: [],
          variants: ["amd64": .init(digest: digest, configDigest: digest, sizeBytes: 1000)])
        answer.digest = digest
        answer.resolvedAt = now
        signals.append(.resolved(ImageResolutions.Change(key: request.key, answer: answer)))
      }
      resolved = Set(requests.map(\.key))
    case .doubt, .ask, .discover, .tell: break
    }
  }

  private mutating func perform(_ write: ControllerEffect.Write) -> ControllerEffect.Answer {
    switch write {
    case .ensure, .clean, .expire: return .done
    case .create(var pod):
      let name = PodName(pod.metadata)
      if let there = pods[name] { return .pod(there) }
      pod.metadata.uid = "pod-uid-\(serial)"
      pod.metadata.creationTimestamp = now.timestamp
      pod.spec.nodeName = pod.metadata.annotations?[PullerKey.node]
      var done = pod
      var status = PodStatus()
      status.phase = "Succeeded"
      status.containerStatuses = pod.spec.containers.map { container in
        pulls += 1
        return ContainerStatus(name: container.name, imageID: Self.digest(of: container.image).description)
      }
      done.status = status
      pods[name] = done
      signals.append(.pods(.applied(done)))
      return .pod(pod)
    case .delete(let name, _, _):
      guard let pod = pods.removeValue(forKey: name) else { return .noPod }
      signals.append(.pods(.deleted(pod)))
      return .done
    case .look(let name): return pods[name].map { .pod($0) } ?? .noPod
    case .record, .head: return .stored(version: "\(serial)")
    case .forget: return .stored(version: nil)
    case .patchNode(let name, _, let subresource):
      if subresource != nil { return .done }
      guard var node = nodes[name] else { return .failed(APIError(.notFound, detail: "it is gone")) }
      node.spec?.taints = []
      nodes[name] = node
      signals.append(.nodes(.applied(node)))
      return .done
    case .patchPrepull(_, let name, _, let subresource):
      if subresource != nil { return .done }
      prepulls[name]?.metadata.finalizers = [PullerKey.cleanup]
      if let prepull = prepulls[name] { signals.append(.prepulls(.applied(prepull))) }
      return .done
    }
  }

  private static func digest(of reference: String) -> Digest {
    var hash: UInt64 = 14_695_981_039_346_656_037
    for byte in reference.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: hash >> ($0 * 8)) }
    return Digest(bytes: bytes + bytes + bytes + bytes)
  }

  // MARK: What is held

  /// What the board remembers, in values and characters.
  var weight: Int {
    Mirror(reflecting: board).children.reduce(0) { sum, child in
      // Metrics are counted by their text.
      child.label == "metrics" ? sum + metrics.registry.text.utf8.count : sum + Self.weight(of: child.value)
    }
  }

  /// The heaviest parts of the board, to find what grows.
  var report: String {
    func parts(_ value: Any, _ path: String, _ depth: Int) -> [(String, Int)] {
      Mirror(reflecting: value).children.flatMap { child in
        let name = "\(path).\(child.label ?? "?")"
        guard child.label != "metrics" else { return [(name, metrics.registry.text.utf8.count)] }
        return depth > 0 && child.label == "machine"
          ? parts(child.value, name, depth - 1) : [(name, Self.weight(of: child.value))]
      }
    }
    return parts(board, "board", 1).sorted { $0.1 > $1.1 }.prefix(12).map { "\($0.0): \($0.1)" }.joined(separator: "\n")
  }

  private static func weight(of value: Any) -> Int {
    if let text = value as? String { return 1 + text.utf8.count }
    return Mirror(reflecting: value).children.reduce(1) { $0 + weight(of: $1.value) }
  }
}
