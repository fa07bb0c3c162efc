import Warming
import ImageModel
import Terminal

/// What is known of a run while it goes on.
///
/// Pure: events and instants go in, and what the screen and the log show comes out.
struct RunView: Sendable {
  /// One image over all nodes.
  struct Image: Sendable {
    let name: String
    fileprivate(set) var cells: [Coverage.State: Int] = [:]
    fileprivate(set) var pulledBytes: Int64 = 0
    fileprivate(set) var meter = RateMeter(window: RunView.rateWindow)

    subscript(state: Coverage.State) -> Int { cells[state] ?? 0 }
    /// Nodes that can hold it.
    var wanted: Int { cells.values.reduce(0, +) - self[.unsupported] }
    var failed: Int { self[.failed] + self[.stale] - untried }
    /// Nodes on which nobody tried, as it failed elsewhere.
    fileprivate(set) var untried = 0
    var isWarm: Bool { wanted > 0 && self[.warm] == wanted }
    var isActive: Bool { self[.pulling] > 0 || (failed > 0 && !isSettled) }
    var isSettled: Bool { self[.pulling] == 0 && self[.pending] == 0 }
  }

  enum NodeState: Hashable, Sendable { case waiting, working, warm, failed, untried, notDone, unsupported }

  /// Something that all that follows happens under.
  enum Phase: Sendable { case beginning, working, cleaningUp, cleanedUp(CleanupOutcome) }

  /// Images come whole and seldom; a short window would show nothing or too much.
  private static let rateWindow = Duration.seconds(30)

  private(set) var images: [Image]
  private(set) var nodes: [String: NodeState] = [:]
  private(set) var counts: [NodeState: Int] = [:]
  private(set) var phase = Phase.beginning
  private(set) var stopping: StopReason?
  private(set) var failures = FailureGroups()
  private(set) var lastFailure: FailureGroups.Group?
  /// Since when the API server has been silent, and why.
  private(set) var silence: (reason: String, since: Duration)?
  /// Nodes that wait for seeds.
  private(set) var seedWait: SeedWait?
  private(set) var meter = RateMeter(window: rateWindow)
  private(set) var pulledBytes: Int64 = 0
  private var cells: [String: [Coverage.State]] = [:]
  /// By node, the images that nobody tried there.
  private var untried: [String: Set<Int>] = [:]

  init(images: [String]) { self.images = images.map { Image(name: $0) } }

  func count(_ state: NodeState) -> Int { counts[state] ?? 0 }

  /// Nodes that can hold anything of what is wanted.
  var wantedNodes: Int { nodes.count - count(.unsupported) }

  mutating func apply(_ event: RunEvent, at now: Duration) {
    switch event {
    case .planned(let nodes, _):
      phase = .working
      for node in nodes { add(node) }
      meter.record(0, at: now)
    case .nodeAdded(let node): add(node)
    case .nodeGone(let node), .nodeSkipped(let node, _), .nodeUnsupported(let node, _): remove(node)
    case .nodeStarted(let node): set(node, .working)
    case .nodeWaits(let node): set(node, .waiting)
    case .seedWait(let wait): seedWait = wait
    case .nodeFinished(let node, let outcome): finish(node, outcome)
    case .cell(let node, let image, let cell):
      set(node, image, cell.state)
      if cell == .pulling, images[image].pulledBytes == 0 { images[image].meter.record(0, at: now) }
      if case .failed(let failure) = cell {
        if failure.isUntried { leave(image, untriedOn: node) }
        fail(failure, image: image, node: node)
      }
    case .imagePulled(let node, let image, _, let bytes):
      arrive(node, image)
      count(bytes ?? 0, of: image, at: now)
    case .imagePresent(let node, let image): arrive(node, image)
    case .imageFailed(let node, let image, let failure, let isFinal) where isFinal:
      fail(failure, image: image, node: node)
    case .imagePulling, .imageFailed, .podRetried, .warning: break
    case .connectionLost(let reason): silence = silence ?? (reason, now)
    case .connectionRestored: silence = nil
    case .stopping(let reason): stopping = reason
    case .cleaningUp: phase = .cleaningUp
    case .cleanedUp(let outcome): phase = .cleanedUp(outcome)
    }
  }

  /// Takes how all nodes stand, where there are no events: for DaemonSets that stay.
  mutating func show(_ coverage: Coverage, at now: Duration) {
    var next = RunView(images: coverage.images)
    next.apply(.planned(nodes: coverage.nodes, images: coverage.images), at: now)
    for (node, name) in coverage.nodes.enumerated() {
      let cells = coverage.column(node)
      for (image, cell) in cells.enumerated() {
        next.apply(.cell(node: name, image: image, cell), at: now)
      }
      let states = Set(cells.map(\.state)).subtracting([.unsupported])
      let state: NodeState =
        states.isEmpty ? .unsupported : states == [.warm] ? .warm : states.contains(.pulling) ? .working : .waiting
      next.set(name, cells.contains { $0.state == .failed } ? .failed : state)
    }
    self = next
  }

  // MARK: Nodes and cells

  private mutating func add(_ node: String) {
    guard cells[node] == nil else { return }
    cells[node] = images.map { _ in .pending }
    for index in images.indices { images[index].cells[.pending, default: 0] += 1 }
    set(node, .waiting)
  }

  private mutating func remove(_ node: String) {
    for (index, state) in (cells.removeValue(forKey: node) ?? []).enumerated() {
      images[index].cells[state, default: 0] -= 1
    }
    for image in untried.removeValue(forKey: node) ?? [] { images[image].untried -= 1 }
    if let state = nodes.removeValue(forKey: node) { counts[state, default: 0] -= 1 }
  }

  private mutating func leave(_ image: Int, untriedOn node: String) {
    guard images.indices.contains(image), cells[node] != nil, untried[node, default: []].insert(image).inserted else {
      return
    }
    images[image].untried += 1
  }

  private mutating func set(_ node: String, _ state: NodeState) {
    if let last = nodes[node] { counts[last, default: 0] -= 1 }
    nodes[node] = state
    counts[state, default: 0] += 1
  }

  private mutating func set(_ node: String, _ image: Int, _ state: Coverage.State) {
    guard let last = cells[node]?[image], images.indices.contains(image) else { return }
    cells[node]?[image] = state
    if untried[node]?.remove(image) != nil { images[image].untried -= 1 }
    images[image].cells[last, default: 0] -= 1
    images[image].cells[state, default: 0] += 1
  }

  /// The kubelet's word counts until the pod's status confirms it or says otherwise, which may take until the pod's
  /// last image is there.
  private mutating func arrive(_ node: String, _ image: Int) {
    guard images.indices.contains(image), let last = cells[node]?[image], last == .pending || last == .pulling else {
      return
    }
    set(node, image, .warm)
  }

  private mutating func finish(_ node: String, _ outcome: NodeOutcome) {
    switch outcome {
    case .warm: set(node, .warm)
    case .incomplete: set(node, hasFailed(node) ? .failed : .untried)
    case .notDone: set(node, .notDone)
    case .unsupported: set(node, .unsupported)
    case .refused(let failure):
      set(node, .failed)
      fail(failure, image: nil, node: node)
    }
  }

  /// Whether anything failed on the node itself, or what is missing there has no reason of its own.
  private func hasFailed(_ node: String) -> Bool {
    guard let left = untried[node], !left.isEmpty, let cells = cells[node] else { return true }
    return cells.enumerated().contains { [.failed, .stale].contains($1) && !left.contains($0) }
  }

  private mutating func fail(_ failure: WarmFailure, image: Int?, node: String) {
    failures.add(failure, image: image.map { images[$0].name }, node: node)
    lastFailure = failures.groups.last { $0.nodes.last == node && $0.failure.code == failure.code } ?? lastFailure
  }

  private mutating func count(_ bytes: Int64, of image: Int, at now: Duration) {
    guard images.indices.contains(image) else { return }
    images[image].pulledBytes += bytes
    pulledBytes += bytes
    images[image].meter.record(images[image].pulledBytes, at: now)
    meter.record(pulledBytes, at: now)
  }
}
