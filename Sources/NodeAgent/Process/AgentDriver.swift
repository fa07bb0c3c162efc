import Kubernetes
import Logging
import Networking
import PrepullAPI
import Runtimes
import Serving
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tells `AgentMachine` what happens, and does what it says. One task gives it one input after the other; whatever takes
/// time is done beside it.
struct AgentDriver: Sendable {
  let client: KubernetesClient
  let node: String
  let runtime: any Runtime
  let puller: AgentPuller
  let memory: MemoryFile
  let options: AgentOptions
  let health: ProcessHealth
  let metrics: AgentMetrics
  let logger: Logger

  let start = ContinuousClock.now
  let watch = PullWatch()
  let sight: AgentSight
  let tally: PullTally
  private let inputs: AsyncStream<AgentInput>
  let send: @Sendable (AgentInput) -> Void

  init(
    client: KubernetesClient, node: String, runtime: any Runtime, puller: AgentPuller, memory: MemoryFile,
    options: AgentOptions, health: ProcessHealth, metrics: AgentMetrics, logger: Logger
  ) {
    self.client = client
    self.node = node
    self.runtime = runtime
    self.puller = puller
    self.memory = memory
    self.options = options
    self.health = health
    self.metrics = metrics
    self.logger = logger
    sight = AgentSight(health: health, metrics: metrics, logger: logger)
    tally = PullTally(metrics)
    let (stream, continuation) = AsyncStream.makeStream(of: AgentInput.self)
    inputs = stream
    send = { continuation.yield($0) }
  }

  var now: Duration { start.duration(to: .now) }

  /// Runs until the task is cancelled.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await watchRecord() }
      group.addTask { try await watchNode() }
      group.addTask { try await watchRuntime() }
      group.addTask { await decide() }
      defer { group.cancelAll() }
      try await group.next()
    }
    try Task.checkCancellation()
  }

  /// Feeds the machine, and begins what it says.
  private func decide() async {
    var machine = AgentMachine(settings: options.settings, memory: memory.load())
    var work = AgentWork()
    send(.time)
    await withDiscardingTaskGroup { group in
      for await input in inputs {
        health.beat("decisions")
        let lost = machine.lost
        for action in machine.event(input, at: now) { perform(action, machine, &work, in: &group) }
        // Whether the pull said so first, or the runtime.
        metrics.imagesRepaired.add(Double(lost.count { machine.entries[$0]?.state == .warm }))
        if case .pullEnded(let image, _) = input { work.ended(image) }
        metrics.imagesLost.add(Double(machine.lossesSeen - work.lossesCounted))
        work.lossesCounted = machine.lossesSeen
        arm(&work, machine.due(after: now))
        if Task.isCancelled { break }
      }
      work.cancelAll()
      group.cancelAll()
    }
    for pull in work.pulls.values { await pull.value }
  }

  /// Has `time` told when something is due: never often, and not at all while nothing is.
  private func arm(_ work: inout AgentWork, _ due: Duration?) {
    guard work.due != due else { return }
    work.alarm?.cancel()
    work.due = due
    work.alarm = due.map { due in
      let wait = max(.milliseconds(20), due - now)
      return Task { [send] in
        // Timers that need not be exact let the processor sleep.
        try? await Task.sleep(for: wait, tolerance: min(.milliseconds(500), wait / 20))
        if !Task.isCancelled { send(.time) }
      }
    }
  }

  private func perform(
    _ action: AgentAction, _ machine: AgentMachine, _ work: inout AgentWork, in group: inout DiscardingTaskGroup
  ) {
    switch action {
    case .remember(let memory): self.memory.store(memory)
    case .pull(let task):
      logger.info("pulling", metadata: ["image": "\(task.image)"])
      if work.pulls.isEmpty { work.pace = pace() }
      work.pulls[task.image] = Task { await pull(task) }
    case .cancel(let image): work.pulls[image]?.cancel()
    case .pin(let image, let reference, let isPinned):
      group.addTask {
        do {
          try await runtime.pin(reference, isPinned)
          send(.pinned(image: image, isPinned: isPinned, succeeded: true))
        } catch {
          logger.debug("an image could not be pinned", metadata: ["image": "\(image)", "error": "\(error)"])
          send(.pinned(image: image, isPinned: isPinned, succeeded: false))
        }
      }
    case .releaseAll(let wanted):
      group.addTask {
        do {
          try await runtime.unpin(allBut: wanted)
          send(.swept(succeeded: true))
        } catch {
          logger.debug("pins that nobody wants could not be released", metadata: ["error": "\(error)"])
          send(.swept(succeeded: false))
        }
      }
    case .remove(let image, let reference): group.addTask { await remove(image, reference) }
    case .list: group.addTask { await list() }
    case .askUsed: group.addTask { send(.used(try? await runtime.used())) }
    case .write(let agent, let isWatched):
      let uid = machine.record?.uid
      metrics.show(agent)
      group.addTask { await write(agent, uid: uid, isWatched: isWatched) }
      if isWatched, work.isCountDue(at: .now) { group.addTask { await countRecords() } }
    }
  }
}

/// What the loop has begun.
struct AgentWork {
  var pulls: [String: Task<Void, Never>] = [:]
  var pace: Task<Void, Never>?
  var alarm: Task<Void, Never>?
  var due: Duration?
  var lossesCounted = 0
  private var countedAt: ContinuousClock.Instant?

  mutating func ended(_ image: String) {
    pulls[image] = nil
    guard pulls.isEmpty else { return }
    pace?.cancel()
    pace = nil
  }

  /// Once a minute, while somebody looks.
  mutating func isCountDue(at now: ContinuousClock.Instant) -> Bool {
    if let countedAt, countedAt.duration(to: now) < .seconds(60) { return false }
    countedAt = now
    return true
  }

  func cancelAll() {
    for pull in pulls.values { pull.cancel() }
    pace?.cancel()
    alarm?.cancel()
  }
}
