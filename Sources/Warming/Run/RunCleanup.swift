import Kubernetes
import Logging
import Networking

/// Removes everything that a run made, and watches until it is gone.
struct RunCleanup: Sendable {
  let client: KubernetesClient
  let namespace: String
  let run: String
  /// The ConfigMap.
  let owner: String
  let logger: Logger
  /// Pods that are known to be there, to name them where nobody can be asked.
  var pods: [String] = []
  /// How long the whole may take, requests that hang included.
  var limit = Duration.seconds(60)
  /// How long kubelets are waited for before pods are removed without them.
  var kubeletTimeout = Duration.seconds(10)
  /// How long an API server that does not answer is waited for once the caller is cancelled.
  var silenceLimit = Duration.seconds(4)

  private var selector: String { "\(RunObjects.Key.run)=\(run)" }

  /// Never throws: what could not be removed is reported, with the command that removes it.
  ///
  /// Cancelling the caller's task does not end it, but leaves it little time where the API server does not answer.
  func perform() async -> CleanupOutcome {
    let progress = CleanupProgress(owner: owner, pods: pods)
    let stop = StopRequest()
    // In a task of its own, as that of the caller may be cancelled.
    let work = Task {
      await withTaskGroup(of: Bool.self) { group in
        group.addTask { await removeAll(progress) }
        group.addTask { await timeOut(progress, stop) }
        defer { group.cancelAll() }
        return await group.next() ?? false
      }
    }
    let isComplete = await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      stop.make()
    }
    return isComplete ? .complete : Self.incomplete(progress.left, progress.reason, namespace: namespace, run: run)
  }

  static func incomplete(_ left: [String], _ reason: String, namespace: String, run: String) -> CleanupOutcome {
    .incomplete(
      left: left, reason: reason,
      remedy: "kubectl delete configmap,pod -n \(namespace) -l \(RunObjects.Key.run)=\(run)")
  }

  /// Returns false when there is no time left.
  private func timeOut(_ progress: CleanupProgress, _ stop: StopRequest) async -> Bool {
    let end = ContinuousClock.now.advanced(by: limit)
    while (try? await Task.sleep(for: .milliseconds(100))) != nil, ContinuousClock.now < end {
      guard let stopped = stop.since, let silent = progress.silentSince else { continue }
      if max(stopped, silent).duration(to: .now) > silenceLimit { return false }
    }
    return false
  }

  /// - Returns: whether all is gone; false when there is no use in trying.
  private func removeAll(_ progress: CleanupProgress) async -> Bool {
    var isForced = false
    var wait = Duration.milliseconds(100)
    while !Task.isCancelled {
      do {
        progress.asks()
        try await removePods(force: isForced)
        try await removeOwner()
        progress.isAnswered()
        if try await podsAreGone(within: isForced ? limit : kubeletTimeout, progress), try await ownerIsGone(progress) {
          return true
        }
        isForced = true
      } catch let error as APIError {
        logger.debug("cleaning up failed", metadata: ["error": "\(error)"])
        progress.failed(error.attempted)
        guard error.isPassing else { return false }
      } catch {
        return false
      }
      try? await Task.sleep(for: wait)
      wait = min(wait * 2, .seconds(2))
    }
    return false
  }

  private func removePods(force: Bool) async throws {
    let grace = force ? 0 : nil
    do {
      try await client.deleteAll(Pod.self, in: namespace, labels: selector, gracePeriod: grace)
    } catch let error as APIError where error.code == .forbidden || error.code == .methodNotAllowed {
      // Some roles allow to delete pods, but not many at once.
      for pod in try await client.list(Pod.self, in: namespace, labels: selector).items {
        do {
          try await client.delete(Pod.self, pod.metadata.name ?? "", in: namespace, gracePeriod: grace)
        } catch let error as APIError where error.code == .notFound {}
      }
    }
  }

  private func removeOwner() async throws {
    do {
      try await client.delete(ConfigMap.self, owner, in: namespace)
    } catch let error as APIError where error.code == .notFound {}
  }

  private func ownerIsGone(_ progress: CleanupProgress) async throws -> Bool {
    progress.asks()
    do {
      _ = try await client.get(ConfigMap.self, owner, in: namespace)
      progress.isAnswered()
      return false
    } catch let error as APIError where error.code == .notFound {
      progress.ownerIsGone()
      return true
    }
  }

  private func podsAreGone(within limit: Duration, _ progress: CleanupProgress) async throws -> Bool {
    do {
      try await withTimeLimit(limit) {
        do {
          try await watchPods(progress)
        } catch let error as APIError where error.code == .forbidden {
          try await lookForPods(progress)
        }
      }
      return true
    } catch is TimeLimitReached {
      return false
    }
  }

  /// Returns when there are none.
  private func watchPods(_ progress: CleanupProgress) async throws {
    var pods = ObjectStore<Pod>()
    for try await event in client.watch(Pod.self, in: namespace, labels: selector) {
      if case .failed(let error, _) = event {
        progress.asks()
        progress.failed(error.attempted)
        continue
      }
      progress.isAnswered()
      _ = pods.apply(event)
      progress.sees(pods.objects.keys.map(\.name))
      if pods.objects.isEmpty { return }
    }
  }

  /// The same for roles that may not watch.
  private func lookForPods(_ progress: CleanupProgress) async throws {
    while true {
      let pods = try await client.list(Pod.self, in: namespace, labels: selector).items
      progress.sees(pods.compactMap(\.metadata.name))
      if pods.isEmpty { return }
      try await Task.sleep(for: .seconds(1))
    }
  }
}
