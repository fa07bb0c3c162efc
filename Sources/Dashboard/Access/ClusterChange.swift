import Kubernetes
import PrepullAPI

/// One thing that the watches tell of a cluster.
enum ClusterChange: Sendable {
  case node(WatchEvent<Node>)
  case warmNode(WatchEvent<WarmNode>, now: Double)
  case prepull(WatchEvent<Prepull>)
  case daemonSet(WatchEvent<DaemonSet>)
  case pod(WatchEvent<Pod>, now: Double)
  case event(WatchEvent<Event>)
  /// What cannot be shown; nil when it can again.
  case note(String?, about: String)

  func apply(to board: inout MatrixBoard) {
    switch self {
    case .node(let event): board.take(event)
    case .warmNode(let event, let now): board.take(event, now: now)
    case .prepull(let event): board.take(event)
    case .daemonSet(let event): board.take(event)
    case .pod(let event, let now): board.take(event, now: now)
    case .event(let event): board.take(event)
    case .note(let text, let about): board.note(text, about: about)
    }
  }

  /// As much of it as a scope admits; nil for nothing.
  func narrowed(to scope: ViewScope) -> ClusterChange? {
    switch self {
    case .node(let event): event.narrowed(scope.admitted).map(ClusterChange.node)
    case .warmNode(let event, let now): event.narrowed(scope.admitted).map { .warmNode($0, now: now) }
    case .prepull(let event): event.narrowed(scope.admitted).map(ClusterChange.prepull)
    case .daemonSet(let event): event.narrowed(scope.admitted).map(ClusterChange.daemonSet)
    case .pod(let event, let now): event.narrowed(scope.admitted).map { .pod($0, now: now) }
    case .event(let event): event.narrowed(scope.admitted).map(ClusterChange.event)
    case .note: self
    }
  }
}

extension WatchEvent {
  /// With what is admitted of each object; nil where nothing is told.
  func narrowed(_ admitted: (R) -> R?) -> WatchEvent? {
    switch self {
    case .restarted(let all): .restarted(all.compactMap(admitted))
    case .applied(let object): admitted(object).map { .applied($0) }
    case .deleted(let object): admitted(object).map { .deleted($0) }
    case .failed: nil
    }
  }
}

/// What takes in what the watches tell.
protocol MatrixSink: Sendable {
  func take(_ change: ClusterChange) async
  /// A kind has been listed, or refused.
  func isReady(_ kind: String) async
  /// Whether a watch follows its kind, or is cut off.
  func reach(_ kind: String, _ isReached: Bool) async
  /// Shows what is known although not all could be read.
  func show() async
  /// A moment has passed.
  func tick() async
  func close() async
}

extension LiveMatrix: MatrixSink {
  func take(_ change: ClusterChange) { take { change.apply(to: &$0) } }
}
