package import Kubernetes
package import Logging
import Planning

/// Warms nodes through their own kubelets: a pod per node that names the images, made in waves and deleted when done.
///
/// Nothing needs to be installed in the cluster, and nothing of the run stays in it.
package struct KubeletEngine: Sendable {
  private let client: KubernetesClient
  private let logger: Logger
  private let cleanupLimit: Duration
  private let newRun: @Sendable () -> String

  /// - Parameters:
  ///   - cleanupLimit: how long the end may take when the API server does not answer.
  ///   - newRun: makes the five characters that tell one run from another.
  package init(
    client: KubernetesClient, cleanupLimit: Duration = .seconds(60),
    newRun: @escaping @Sendable () -> String = RunObjects.newRun, logger: Logger
  ) {
    self.client = client
    self.cleanupLimit = cleanupLimit
    self.newRun = newRun
    self.logger = logger
  }

  /// Makes the nodes of the request hold its images, and removes whatever it made for that.
  ///
  /// Cancelling the task ends the run early: it cleans up, which takes a minute at most, and returns what was reached
  /// with `stopped` being `.cancelled`.
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
    // Once it is asked for, its answer is waited for: a ConfigMap that we do not know of could not be deleted.
    let (owner, configMap) = try await Task { try await begin(request) }.value
    var board = RunBoard(plan: plan, objects: owner.objects, owner: configMap)
    await RunDriver(client: client, owner: owner, logger: logger, onEvent: onEvent).run(&board)

    onEvent(.cleaningUp)
    var cleanup = RunCleanup(
      client: client, namespace: request.namespace, run: owner.objects.run, owner: owner.objects.name, logger: logger)
    cleanup.limit = cleanupLimit
    // In a task of its own, as that of the caller may be cancelled.
    let outcome = await Task { [cleanup] in await cleanup.perform() }.value
    onEvent(.cleanedUp(outcome))
    return board.result(cleanup: outcome, duration: start.duration(to: clock.now))
  }

  private func begin(_ request: RunRequest) async throws -> (RunOwner, ConfigMap) {
    var tries = 0
    while true {
      let owner = RunOwner(client: client, objects: RunObjects(request, run: newRun()))
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
