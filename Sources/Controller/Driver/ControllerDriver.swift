import Engines
import Kubernetes
import Logging
import Planning

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Performs what the board says, and brings it what happens, for the time of one leadership. All waiting and talking of
/// the operator is here.
struct ControllerDriver: Sendable {
  let client: KubernetesClient
  let resolutions: ImageResolutions
  let discovery: Discovery
  let events: EventRecorder
  let health: ControllerHealth
  let metrics: ControllerMetrics
  let time: ServerTime
  let logger: Logger

  typealias Report = @Sendable (ControllerSignal) -> Void

  /// Goes on until the task is cancelled, or something fails that will not heal.
  func run(_ board: FleetBoard) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (signals, continuation) = AsyncStream<ControllerSignal>.makeStream()
      let report: Report = { _ = continuation.yield($0) }
      group.addTask { try await watch(Prepull.self, "") { report(.prepulls($0)) } }
      group.addTask { try await watch(NodeSketch.self, "") { report(.nodes($0)) } }
      group.addTask { try await watch(PullerPod.self, PullerKey.prepull) { report(.pods($0.ofPods)) } }
      group.addTask { await watchOthers(report) }
      group.addTask { await watchEvents(report) }
      group.addTask { try await remember(report) }
      group.addTask { await watchRecords(report) }
      group.addTask { await resolutions.run() }
      group.addTask { await discovery.run() }
      group.addTask { for await change in resolutions.changes { report(.resolved(change)) } }
      group.addTask { for await change in discovery.changes { report(.discovered(change)) } }
      group.addTask {
        while (try? await Task.sleep(for: .milliseconds(100))) != nil { report(.tick) }
      }
      group.addTask {
        await work(board, signals, report)
        continuation.finish()
      }
      defer { group.cancelAll() }
      // Nothing ends by itself.
      while try await group.next() != nil { try Task.checkCancellation() }
    }
  }

  private func work(_ board: FleetBoard, _ signals: AsyncStream<ControllerSignal>, _ report: @escaping Report) async {
    var board = board
    await withDiscardingTaskGroup { group in
      for await signal in signals {
        let start = ContinuousClock.now
        let effects = board.take(signal, at: time.now)
        metrics.stepDuration.observe(start.duration(to: .now), signal.name)
        health.beat("reconciling")
        for effect in effects {
          switch effect {
          case .write(let key, let write): group.addTask { await perform(key, write, report) }
          case .resolve(let requests, let platforms): await resolutions.want(requests, platforms: platforms)
          case .doubt(let key): await resolutions.doubt(key)
          case .discover(let requests): await discovery.want(requests)
          case .tell(let notice):
            logger.info(
              "\(notice.reason)",
              metadata: ["object": "\(notice.object.path)", "message": "\(notice.message)"])
            group.addTask {
              await events.record(
                notice.isWarning ? .warning : .normal, reason: notice.reason, message: notice.message,
                about: notice.object)
            }
          }
        }
      }
      group.cancelAll()
    }
    health.ended("reconciling")
  }

  // MARK: Watching

  private func watch<R: Resource>(
    _ type: R.Type, _ labels: String, _ handle: (WatchEvent<R>) -> Void
  ) async throws {
    for try await event in client.watch(type, labels: labels) {
      if case .failed(let error, _) = event {
        logger.debug("a watch failed", metadata: ["resource": "\(R.plural)", "error": "\(error)"])
      }
      handle(event)
    }
  }

  /// Pods of others; without them we only cannot yield.
  private func watchOthers(_ report: Report) async {
    do {
      let watch = client.watch(WaitingPod.self, labels: "!\(PullerKey.prepull)", fields: "status.phase=Pending")
      for try await event in watch { report(.waiting(event)) }
    } catch {
      if !Task.isCancelled { logger.warning("pods of others are not seen", metadata: ["error": "\(error)"]) }
    }
  }

  /// Of pods: `Pulling`, `Pulled`, `Failed`, `BackOff` and what is rare. A selector cannot name several reasons, but it
  /// can leave out the frequent ones.
  private static let eventFields =
    (["involvedObject.kind=Pod"]
    + ["Scheduled", "Created", "Started", "Killing", "Unhealthy", "FailedScheduling", "FailedMount"].map {
      "reason!=\($0)"
    })
    .joined(separator: ",")

  /// What kubelets tell of their pulls; without it figures are missing, and ours yield less to pods of others.
  private func watchEvents(_ report: Report) async {
    do {
      let watch = client.watch(Event.self, fields: Self.eventFields, startsNow: true)
      for try await event in watch { report(.events(event)) }
    } catch {
      if !Task.isCancelled { logger.warning("events are not seen", metadata: ["error": "\(error)"]) }
    }
  }

  /// Reads all WarmNodes, which nobody but the leader writes, once.
  private func remember(_ report: Report) async throws {
    while true {
      do {
        try await client.list(WarmNode.self, pageSize: 100) { page in
          report(
            .remembered(
              page.compactMap { node in
                node.record.map { ($0, node.status?.conditions ?? [], node.metadata.resourceVersion) }
              }))
        }
        return report(.rememberedAll)
      } catch let error as APIError where error.isRetryable || error.isPassing {
        logger.debug("WarmNodes cannot be read yet", metadata: ["error": "\(error)"])
        try await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// Only to notice those that somebody deletes.
  private func watchRecords(_ report: Report) async {
    do {
      for try await event in client.watch(WarmNodeSketch.self, startsNow: true) {
        if case .deleted(let node) = event { report(.warmNodeDeleted(node.metadata.name ?? "")) }
      }
    } catch {
      if !Task.isCancelled { logger.warning("WarmNodes are not watched", metadata: ["error": "\(error)"]) }
    }
  }
}

/// What a WarmNode says about itself.
private struct WarmNodeSketch: Resource {
  static let apiVersion = WarmNode.apiVersion
  static let kind = WarmNode.kind
  static let plural = WarmNode.plural
  static let isNamespaced = false

  var metadata: ObjectMeta
}

extension Event.ObjectReference {
  fileprivate var path: String { "\(kind ?? "") \(namespace.map { "\($0)/" } ?? "")\(name ?? "")" }
}

extension ControllerSignal {
  /// For metrics.
  fileprivate var name: String {
    switch self {
    case .prepulls: "prepull"
    case .nodes: "node"
    case .pods: "pod"
    case .waiting: "waitingPod"
    case .events: "event"
    case .remembered, .rememberedAll, .warmNodeDeleted: "warmNode"
    case .resolved: "resolution"
    case .discovered: "discovery"
    case .finished: "write"
    case .tick: "tick"
    }
  }
}
