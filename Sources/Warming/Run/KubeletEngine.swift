package import Kubernetes
package import Logging
import Synchronization

/// Warms nodes through their own kubelets: a pod per node that names the images, made in waves and deleted when done.
///
/// Nothing needs to be installed in the cluster, and nothing of the run stays in it.
package struct KubeletEngine: Sendable {
  private let client: KubernetesClient
  private let logger: Logger
  private let cleanupLimit: Duration
  private let silenceLimit: Duration
  private let newRun: @Sendable () -> String

  /// - Parameters:
  ///   - cleanupLimit: how long the end may take when the API server does not answer.
  ///   - silenceLimit: the same once the task is cancelled.
  ///   - newRun: makes the five characters that tell one run from another.
  package init(
    client: KubernetesClient, cleanupLimit: Duration = .seconds(60), silenceLimit: Duration = .seconds(4),
    newRun: @escaping @Sendable () -> String = RunObjects.newRun, logger: Logger
  ) {
    self.client = client
    self.cleanupLimit = cleanupLimit
    self.silenceLimit = silenceLimit
    self.newRun = newRun
    self.logger = logger
  }

  /// Makes the nodes of the request hold its images, and removes whatever it made for that.
  ///
  /// Cancelling the task ends the run early: it cleans up, which takes a minute at most, or seconds where the API server
  /// does not answer, and returns what was reached with `stopped` being `.cancelled`.
  /// - Parameters:
  ///   - report: what the preflight found; its digests and platforms are what the nodes are measured by.
  ///   - onEvent: gets what happens, in order, from one task at a time.
  /// - Throws: `APIError` when not even the first object could be made. Nothing is left then.
  package func run(
    _ request: RunRequest, report: PreflightReport?, onEvent: @escaping @Sendable (RunEvent) -> Void
  ) async throws -> RunResult {
    let clock = ContinuousClock()
    let start = clock.now
    for leftover in report?.leftovers ?? [] where leftover.isExpired { await remove(leftover, onEvent) }

    let plan = RunPlan(request, report: report)
    let tried = Mutex<RunObjects?>(nil)
    let owner: RunOwner
    let configMap: ConfigMap
    do {
      (owner, configMap) = try await begin(request) { objects in tried.withLock { $0 = objects } }
    } catch is CancellationError {
      return interrupted(plan, after: start.duration(to: clock.now), asked: tried.withLock { $0 })
    }
    var board = RunBoard(plan: plan, objects: owner.objects, owner: configMap)
    await RunDriver(client: client, owner: owner, logger: logger, onEvent: onEvent).run(&board)
    let duration = start.duration(to: clock.now)

    onEvent(.cleaningUp)
    var cleanup = RunCleanup(
      client: client, namespace: request.namespace, run: owner.objects.run, owner: owner.objects.name, logger: logger)
    cleanup.pods = board.livePods.sorted()
    cleanup.limit = cleanupLimit
    cleanup.silenceLimit = silenceLimit
    let outcome = await cleanup.perform()
    onEvent(.cleanedUp(outcome))
    return board.result(cleanup: outcome, duration: duration)
  }

  /// Makes the object that owns all others.
  ///
  /// Once it is asked for, its answer is waited for, if only for `silenceLimit` after a cancellation: a ConfigMap that
  /// we do not know of could not be deleted.
  private func begin(
    _ request: RunRequest, onTry: @escaping @Sendable (RunObjects) -> Void
  ) async throws -> (RunOwner, ConfigMap) {
    try Task.checkCancellation()
    let work = Task { try await make(request, onTry) }
    return try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      Task {
        try? await Task.sleep(for: silenceLimit)
        work.cancel()
      }
    }
  }

  private func interrupted(_ plan: RunPlan, after duration: Duration, asked: RunObjects?) -> RunResult {
    let objects = asked ?? RunObjects(plan.request)
    var board = RunBoard(plan: plan, objects: objects, owner: objects.configMap(expires: ""))
    var effects: [RunEffect] = []
    board.stop(.cancelled, &effects)
    let left = asked.map {
      RunCleanup.incomplete(
        ["configmap/\($0.name)"], "the API server did not say whether it was made", namespace: plan.request.namespace,
        run: $0.run)
    }
    return board.result(cleanup: left ?? .complete, duration: duration)
  }

  private func make(
    _ request: RunRequest, _ onTry: @Sendable (RunObjects) -> Void
  ) async throws -> (RunOwner, ConfigMap) {
    var tries = 0
    while true {
      let owner = RunOwner(client: client, objects: RunObjects(request, run: newRun()))
      onTry(owner.objects)
      do {
        return (owner, try await owner.make())
      } catch let error as APIError where error.code == .alreadyExists && tries < 5 {
        tries += 1
      }
    }
  }

  private func remove(_ leftover: Leftover, _ onEvent: @Sendable (RunEvent) -> Void) async {
    let outcome = await Leftovers(client: client, logger: logger).remove(leftover)
    switch outcome {
    case .complete: onEvent(.warning("removed what the run \(leftover.name) had left behind"))
    case .incomplete(_, let reason, let remedy):
      onEvent(.warning("could not remove what the run \(leftover.name) left behind: \(reason). \(remedy)"))
    }
  }
}
