import Kubernetes
import Logging
import Runtimes
import Serving
import Synchronization

/// What the agent sees and what it cannot: for its probes, and for a log that says each change once.
final class AgentSight: Sendable {
  private struct State {
    var identity: RuntimeIdentity?
    /// Whether what the runtime is was asked since it last came back.
    var isRuntimeKnown = false
    var isRuntimeAway = false
    var failing: Set<String> = []
  }

  private let state = Mutex(State())
  private let health: ProcessHealth
  private let metrics: AgentMetrics
  private let logger: Logger

  init(health: ProcessHealth, metrics: AgentMetrics, logger: Logger) {
    self.health = health
    self.metrics = metrics
    self.logger = logger
  }

  // MARK: The runtime

  var isRuntimeKnown: Bool { state.withLock { $0.isRuntimeKnown } }
  var runtimeName: String? { state.withLock { $0.identity?.name } }

  func runtimeIs(_ identity: RuntimeIdentity) {
    let isNew = state.withLock { state in
      defer { (state.identity, state.isRuntimeKnown) = (identity, true) }
      return state.identity != identity
    }
    guard isNew else { return }
    logger.info("the container runtime", metadata: ["name": "\(identity.name)", "version": "\(identity.version)"])
  }

  func runtimeAnswers() {
    health.isReady("container runtime")
    let wasAway = state.withLock { state in
      defer { state.isRuntimeAway = false }
      return state.isRuntimeAway
    }
    if wasAway { logger.info("the container runtime answers again") }
  }

  func runtimeFails(_ error: any Error) {
    let text = (error as? RuntimeError).map { "\($0.detail); \($0.remedy)" } ?? "\(error)"
    health.isWaiting(for: "container runtime", because: text)
    let isNew = state.withLock { state in
      defer { (state.isRuntimeAway, state.isRuntimeKnown) = (true, false) }
      return !state.isRuntimeAway
    }
    if isNew { logger.warning("the container runtime does not answer", metadata: ["error": "\(text)"]) }
  }

  // MARK: The API server

  /// How the watch of a kind fares. Without the API server the agent goes on with what it saw last, and stays ready.
  func note(_ progress: WatchProgress, of kind: String) {
    switch progress {
    case .watching:
      health.isReady(kind)
      if state.withLock({ $0.failing.remove(kind) }) != nil {
        logger.info("the watch works again", metadata: ["kind": "\(kind)"])
      }
    case .failed(let error):
      metrics.watchErrors.add(1, kind, error.code.rawValue)
      health.isWaiting(for: kind, because: error.description)
      if state.withLock({ $0.failing.insert(kind).inserted }) {
        logger.warning("the watch fails", metadata: ["kind": "\(kind)", "error": "\(error)"])
      }
    }
  }

  /// Whether the status could be written.
  func written(_ error: (any Error)?) {
    let part = "status"
    guard let error else {
      if state.withLock({ $0.failing.remove(part) }) != nil { logger.info("the status could be written again") }
      return
    }
    if state.withLock({ $0.failing.insert(part).inserted }) {
      logger.warning("the status could not be written", metadata: ["error": "\(error)"])
    }
  }
}
