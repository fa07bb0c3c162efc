import Kubernetes
import PrepullAPI
import Serving

/// All that the watches tell of a cluster, and for each scope that somebody has a matrix of what it admits.
///
/// Invariant: a matrix has taken every change since the snapshot that it was made of, narrowed to its scope; it is made
/// and entered in one step, and changes of a kind come one after the other.
actor ClusterFeed: MatrixSink {
  /// Scopes that are looked at at a time. With 5,000 nodes that hold 50 images each takes up to 55 MB.
  static let mostBoards = 12
  /// How long a matrix is kept that nobody looks at: its stories begin when it is made.
  private static let idle = Duration.seconds(120)
  /// Namespaces that are asked for by name.
  static let mostNamespaces = 300

  private struct Board {
    let live: LiveMatrix
    var costs: [ViewScope.Reach: CostReading] = [:]
    var used: ContinuousClock.Instant
  }

  private let context: String
  private let health: ProcessHealth
  private let cost: @Sendable (ViewScope.Reach) -> CostReading
  private var boards: [ViewScope: Board] = [:]
  private var nodes = ObjectStore<Node>()
  private var records = ObjectStore<WarmNode>()
  private var prepulls = ObjectStore<Prepull>()
  private var sets = ObjectStore<DaemonSet>()
  private var pods = ObjectStore<Pod>()
  private var events = ObjectStore<Event>()
  private var notes: [String: String] = [:]
  private var silent: Set<String> = []
  private var waiting = MatrixWatch.kinds
  private var isShown = false
  private var isClosed = false
  /// Namespaces in which something of ours is, or was: a run that ended stays in the page of who saw it.
  private(set) var namespaces: Set<String> = []

  /// - Parameters:
  ///   - context: what people call the cluster.
  ///   - health: is told which kinds cannot be read.
  ///   - cost: reads what images cost in some namespaces.
  init(context: String, health: ProcessHealth, cost: @escaping @Sendable (ViewScope.Reach) -> CostReading) {
    self.context = context
    self.health = health
    self.cost = cost
  }

  var count: Int { boards.count }

  // MARK: Who looks

  /// The matrix of a scope; nil where too many others are looked at.
  func matrix(for scope: ViewScope) async -> LiveMatrix? {
    guard !isClosed else { return nil }
    if let board = boards[scope] {
      boards[scope]?.used = .now
      return board.live
    }
    if boards.count >= Self.mostBoards { await drop(idleFor: .zero) }
    // Somebody else may have asked for it meanwhile.
    if let board = boards[scope] { return board.live }
    guard boards.count < Self.mostBoards else { return nil }
    var board = MatrixBoard(context: context, server: "")
    for change in snapshot { change.narrowed(to: scope)?.apply(to: &board) }
    for (about, text) in scope.notes { board.note(text, about: about) }
    let live = LiveMatrix(board, waitingFor: waiting, mostPages: SessionBook.mostStreams)
    boards[scope] = Board(live: live, used: .now)
    if isShown { await live.show() }
    for kind in silent { await live.reach(kind, false) }
    await live.tick()
    return live
  }

  /// What reads the cost for a scope that is looked at.
  func costs(for scope: ViewScope, in reach: ViewScope.Reach) -> CostReading? {
    guard boards[scope] != nil else { return nil }
    if let reading = boards[scope]?.costs[reach] { return reading }
    let reading = cost(reach)
    boards[scope]?.costs = [reach: reading]
    return reading
  }

  private var snapshot: [ClusterChange] {
    let now = LiveMatrix.now
    return [
      .node(.restarted(Array(nodes.objects.values))), .prepull(.restarted(Array(prepulls.objects.values))),
      .warmNode(.restarted(Array(records.objects.values)), now: now),
      .daemonSet(.restarted(Array(sets.objects.values))), .event(.restarted(Array(events.objects.values))),
      .pod(.restarted(Array(pods.objects.values)), now: now),
    ] + notes.map { .note($0.value, about: $0.key) }
  }

  // MARK: What happens

  func take(_ change: ClusterChange) async {
    switch change {
    case .node(let event): _ = nodes.apply(event)
    case .warmNode(let event, _): _ = records.apply(event)
    case .prepull(let event): note(prepulls.apply(event))
    case .daemonSet(let event): note(sets.apply(event))
    case .pod(let event, _): note(pods.apply(event))
    case .event(let event): _ = events.apply(event)
    case .note(let text, let kind):
      notes[kind] = text
      if let text { health.isWaiting(for: kind, because: text) } else { health.isReady(kind) }
    }
    for (scope, board) in boards {
      if let change = change.narrowed(to: scope) { await board.live.take(change) }
    }
  }

  private func note<R: Resource>(_ changes: [ObjectStore<R>.Change]) {
    for case .added(let object) in changes {
      if let namespace = object.metadata.namespace, namespaces.count < Self.mostNamespaces {
        namespaces.insert(namespace)
      }
    }
  }

  func isReady(_ kind: String) async {
    waiting.remove(kind)
    for board in boards.values { await board.live.isReady(kind) }
  }

  func reach(_ kind: String, _ isReached: Bool) async {
    if isReached {
      silent.remove(kind)
      if notes[kind] == nil, !waiting.contains(kind) { health.isReady(kind) }
    } else {
      silent.insert(kind)
      health.isWaiting(for: kind, because: "the API server does not answer")
    }
    for board in boards.values { await board.live.reach(kind, isReached) }
  }

  func show() async {
    isShown = true
    for board in boards.values { await board.live.show() }
  }

  func tick() async {
    for board in boards.values { await board.live.tick() }
    await drop(idleFor: Self.idle)
  }

  func close() async {
    isClosed = true
    for board in boards.values { await board.live.close() }
    boards = [:]
  }

  /// Drops what nobody has looked at for so long.
  private func drop(idleFor limit: Duration) async {
    for (scope, board) in boards {
      if await board.live.isWatched {
        boards[scope]?.used = .now
      } else if let used = boards[scope]?.used, used.duration(to: .now) > limit {
        boards[scope] = nil
      }
    }
  }
}
