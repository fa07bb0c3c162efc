import Serving
import Kubernetes
import Logging
import Synchronization

/// Keeps account of what the controller has to see and cannot: each watch, and the election.
///
/// A failure is warned of when it begins, when it becomes another one, and every few minutes while it lasts; it is
/// counted each time, and `/readyz` says which part is missing.
final class WatchMonitor: Sendable {
  struct Part: Hashable, Sendable {
    /// The label of metrics.
    let resource: String
    /// What `/readyz` waits for.
    let name: String
    /// Whether nothing can be done without it.
    let isEssential: Bool
    var kind = Kind.watch
    /// Whether there is but one watch of it, so that a gauge can say whether it works.
    var isSingle = true

    enum Kind: String, Hashable, Sendable { case watch, election }

    static let prepulls = Part(resource: "prepulls", name: "Prepulls", isEssential: true)
    static let nodes = Part(resource: "nodes", name: "nodes", isEssential: true)
    static let pods = Part(resource: "pods", name: "puller pods", isEssential: true)
    static let records = Part(resource: "warmnodes", name: "WarmNodes", isEssential: true)
    static let deletedRecords = Part(resource: "deletedwarmnodes", name: "changes of WarmNodes", isEssential: false)
    static let agentPods = Part(resource: "agentpods", name: "pods of agents", isEssential: true)
    static let otherPods = Part(resource: "otherpods", name: "pods of others", isEssential: false)
    static let events = Part(resource: "events", name: "Events", isEssential: false)
    static let lease = Part(resource: "leases", name: "the Lease", isEssential: true, kind: .election)
    static let leaseWatch = Part(resource: "leasewatch", name: "the Lease", isEssential: false)
  }

  private struct Trouble {
    let code: APIError.Code
    let since: ContinuousClock.Instant
    var warnedAt: ContinuousClock.Instant
    let text: String
    let isOwn: Bool
  }

  private let metrics: ControllerMetrics
  private let health: ProcessHealth
  private let reminder: Duration
  private let logger: Logger
  private let troubles = Mutex<[Part: Trouble]>([:])

  /// - Parameter reminder: how often a failure is warned of that goes on.
  init(
    metrics: ControllerMetrics, health: ProcessHealth, reminder: Duration = .seconds(300), logger: Logger
  ) {
    self.metrics = metrics
    self.health = health
    self.reminder = reminder
    self.logger = logger
  }

  /// It is begun with a part; until it works it is missing.
  func begin(_ part: Part) {
    if part.isSingle { metrics.watchSynced.set(0, part.resource) }
    if part.isEssential { health.isWaiting(for: part.name) }
  }

  /// It is over with a part, as it was meant to be.
  func end(_ part: Part) {
    _ = troubles.withLock { $0.removeValue(forKey: part) }
    if part.isSingle { metrics.watchSynced.retain { $0[0] != part.resource } }
    if part.isEssential { health.isReady(part.name) }
  }

  func note(_ part: Part, _ progress: WatchProgress, at now: ContinuousClock.Instant = .now) {
    switch progress {
    case .watching: works(part, at: now)
    case .failed(let error): fails(part, error, at: now)
    }
  }

  private func works(_ part: Part, at now: ContinuousClock.Instant) {
    if part.isSingle { metrics.watchSynced.set(1, part.resource) }
    if part.isEssential { health.isReady(part.name) }
    guard let trouble = troubles.withLock({ $0.removeValue(forKey: part) }) else { return }
    logger.info(
      "the \(part.kind.rawValue) works again",
      metadata: ["resource": "\(part.resource)", "after": "\(trouble.since.duration(to: now).components.seconds) s"])
  }

  private func fails(_ part: Part, _ error: APIError, at now: ContinuousClock.Instant) {
    metrics.watchErrors.add(1, part.resource, error.code.rawValue)
    if part.isSingle { metrics.watchSynced.set(0, part.resource) }
    if part.isEssential { health.isWaiting(for: part.name, because: error.description) }
    let (old, isDue) = troubles.withLock { troubles in
      let old = troubles[part]
      let isDue = old.map { $0.code != error.code || $0.warnedAt.duration(to: now) >= reminder } ?? true
      troubles[part] = Trouble(
        code: error.code, since: old?.since ?? now, warnedAt: isDue ? now : old?.warnedAt ?? now,
        text: error.description, isOwn: error.code.isOwn)
      return (old, isDue)
    }
    guard isDue else {
      logger.debug("the \(part.kind.rawValue) failed", metadata: Self.metadata(part, error))
      return
    }
    var metadata = Self.metadata(part, error)
    if let old { metadata["for"] = "\(old.since.duration(to: now).components.seconds) s" }
    logger.warning("the \(part.kind.rawValue) \(old == nil ? "fails" : "still fails")", metadata: metadata)
  }

  private static func metadata(_ part: Part, _ error: APIError) -> Logger.Metadata {
    ["resource": "\(part.resource)", "code": "\(error.code.rawValue)", "error": "\(error)"]
  }

  /// Why another replica might do better: something that has to be seen has been missing for longer than `limit`, and
  /// what is wrong may be this process's own network or credential.
  func reasonToStepAside(after limit: Duration, at now: ContinuousClock.Instant = .now) -> String? {
    troubles.withLock { troubles in
      troubles.first { part, trouble in
        part.isEssential && part.kind == .watch && trouble.isOwn && trouble.since.duration(to: now) >= limit
      }?.value.text
    }
  }
}

extension APIError.Code {
  /// Whether it may be this process's own fault: its network, its credential. What the API server refuses to one
  /// replica it refuses to all.
  fileprivate var isOwn: Bool {
    switch self {
    case .unreachable, .interrupted, .timedOut, .unauthorized, .credentials, .tls: true
    default: false
    }
  }
}
