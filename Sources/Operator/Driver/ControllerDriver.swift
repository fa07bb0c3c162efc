import Serving
import Networking
import PrepullAPI
import Kubernetes
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Performs what the board says, and brings it what happens, for the time of one leadership. All waiting and talking of
/// the operator is here.
struct ControllerDriver: Sendable {
  /// Another replica might see what this one does not.
  struct CannotAct: Error { let reason: String }

  /// Writes, and reads single objects.
  let client: KubernetesClient
  /// Lists and watches.
  let watches: KubernetesClient
  let resolutions: ImageResolutions
  let discovery: Discovery
  let sources: SourceDesk
  let events: EventRecorder
  let health: ProcessHealth
  let monitor: WatchMonitor
  let metrics: ControllerMetrics
  let time: ServerTime
  /// Where agents run; nil where there are none.
  let agentNamespace: String?
  /// How long something has to be missing before the leadership is given up for it; nil where there is no other.
  let stepAsideAfter: Duration?
  let logger: Logger

  typealias Report = @Sendable (ControllerSignal) -> Void

  /// Events that wait to be written; the oldest are left out, as only people read them.
  private static let eventsWaiting = 256
  private static let eventsAtATime = 4

  /// Goes on until the task is cancelled.
  ///
  /// What fails is tried again for as long as the leadership lasts, whatever it is: somebody may correct it.
  ///
  /// - Throws: `CannotAct`, or the cancellation.
  func run(_ board: FleetBoard) async throws {
    var parts: [WatchMonitor.Part] = [
      .prepulls, .nodes, .pods, .records, .deletedRecords, .otherPods, .events,
    ]
    if agentNamespace != nil { parts.append(.agentPods) }
    for part in parts { monitor.begin(part) }
    defer { for part in parts { monitor.end(part) } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (signals, continuation) = AsyncStream<ControllerSignal>.makeStream()
      let report: Report = { _ = continuation.yield($0) }
      group.addTask { try await watch(Prepull.self, .prepulls) { report(.prepulls($0)) } }
      group.addTask { try await watch(NodeSketch.self, .nodes) { report(.nodes($0)) } }
      group.addTask {
        try await watch(PullerPod.self, .pods, labels: PullerKey.prepull) { report(.pods($0.ofPods)) }
      }
      // Without them we only cannot yield.
      group.addTask {
        try await watch(
          WaitingPod.self, .otherPods, labels: "!\(PullerKey.prepull)", fields: "status.phase=Pending"
        ) { report(.waiting($0)) }
      }
      // What kubelets say of their pulls; without it figures are missing, and ours yield less to pods of others.
      group.addTask {
        try await watch(Event.self, .events, fields: Self.eventFields, startsNow: true) { report(.events($0)) }
      }
      group.addTask { try await remember(report) }
      // Those that somebody deletes, and what agents say.
      group.addTask { try await watch(WarmNodeSketch.self, .deletedRecords) { report(.warmNodes($0)) } }
      if let agentNamespace {
        group.addTask {
          try await watch(AgentPod.self, .agentPods, in: agentNamespace, labels: AgentPod.labels) {
            report(.agentPods($0))
          }
        }
      }
      group.addTask { await resolutions.run() }
      group.addTask { await discovery.run() }
      group.addTask { await sources.run() }
      group.addTask { for await change in resolutions.changes { report(.resolved(change)) } }
      group.addTask { for await change in discovery.changes { report(.discovered(change)) } }
      group.addTask { for await change in sources.changes { report(.sourced(change)) } }
      group.addTask {
        while (try? await Task.sleep(for: .milliseconds(100))) != nil { report(.tick) }
      }
      if let stepAsideAfter { group.addTask { try await stepAside(after: stepAsideAfter) } }
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
    let (notices, publish) = AsyncStream<ControllerEffect.Notice>.makeStream(
      bufferingPolicy: .bufferingNewest(Self.eventsWaiting))
    await withDiscardingTaskGroup { group in
      group.addTask { await record(notices) }
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
          case .ask(let requests): await sources.want(requests)
          case .tell(let notice):
            logger.log(
              level: notice.isWarning ? .warning : .info, "\(notice.reason)",
              metadata: ["object": "\(notice.object.path)", "message": "\(notice.message)"])
            if case .dropped(let notice) = publish.yield(notice) {
              logger.debug("too many events wait: one is left out", metadata: ["reason": "\(notice.reason)"])
            }
          }
        }
      }
      group.cancelAll()
      publish.finish()
    }
    health.ended("reconciling")
  }

  /// Writes Events, a few at a time.
  private func record(_ notices: AsyncStream<ControllerEffect.Notice>) async {
    await withTaskGroup(of: Void.self) { group in
      var running = 0
      for await notice in notices {
        if running == Self.eventsAtATime {
          await group.next()
          running -= 1
        }
        running += 1
        group.addTask {
          await events.record(
            notice.isWarning ? .warning : .normal, reason: notice.reason, message: notice.message,
            about: notice.object)
        }
      }
    }
  }

  // MARK: Watching

  /// Of pods: `Pulling`, `Pulled`, `Failed`, `BackOff` and what is rare. A selector cannot name several reasons, but it
  /// can leave out the frequent ones.
  private static let eventFields =
    (["involvedObject.kind=Pod"]
    + ["Scheduled", "Created", "Started", "Killing", "Unhealthy", "FailedScheduling", "FailedMount"].map {
      "reason!=\($0)"
    })
    .joined(separator: ",")

  private func watch<R: Resource>(
    _ type: R.Type, _ part: WatchMonitor.Part, in namespace: String? = nil, labels: String = "", fields: String = "",
    startsNow: Bool = false,
    _ handle: (WatchEvent<R>) -> Void
  ) async throws {
    let watch = watches.watch(
      type, in: namespace, labels: labels, fields: fields, startsNow: startsNow, givesUp: false,
      onProgress: { monitor.note(part, $0) })
    for try await event in watch { handle(event) }
  }

  /// Reads all WarmNodes, which nobody but the leader writes, once.
  private func remember(_ report: Report) async throws {
    var failures = 0
    while true {
      do {
        try await watches.list(WarmNode.self, pageSize: 100) { page in
          report(.remembered(page))
        }
        monitor.note(.records, .watching)
        return report(.rememberedAll)
      } catch let error as APIError {
        failures += 1
        monitor.note(.records, .failed(error))
        let pause = watches.watchBackOff.delay(
          before: failures + 1, serverAsks: error.retryAfter, random: .random(in: 0..<1))
        try await Task.sleep(for: pause ?? watches.watchBackOff.cap)
      }
    }
  }

  /// Ends the leadership when another replica may do what this one cannot.
  private func stepAside(after limit: Duration) async throws {
    while true {
      try await Task.sleep(for: min(limit / 4, .seconds(1)))
      if let reason = monitor.reasonToStepAside(after: limit) { throw CannotAct(reason: reason) }
    }
  }
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
    case .remembered, .rememberedAll, .warmNodes: "warmNode"
    case .agentPods: "agentPod"
    case .resolved: "resolution"
    case .discovered: "discovery"
    case .sourced: "source"
    case .finished: "write"
    case .tick: "tick"
    }
  }
}
