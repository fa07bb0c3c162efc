import Kubernetes
import Logging

/// Removes everything that a run made, and makes sure that it is gone.
struct RunCleanup: Sendable {
  let client: KubernetesClient
  let namespace: String
  let run: String
  /// The ConfigMap.
  let owner: String
  let logger: Logger
  /// How long the whole may take.
  var limit = Duration.seconds(60)
  /// How long kubelets are waited for before pods are removed without them.
  var patience = Duration.seconds(10)

  private var selector: String { "\(RunObjects.Key.run)=\(run)" }

  /// Never throws: what could not be removed is said, with the command that removes it.
  func perform() async -> CleanupOutcome {
    let clock = ContinuousClock()
    let start = clock.now
    var isForced = false
    var isFirst = true
    var wait = Duration.milliseconds(100)
    var left = ["configmap/\(owner)"]
    var reason = ""
    while true {
      do {
        let isDue = !isForced && start.duration(to: clock.now) > patience
        if isFirst || isDue { try await removePods(force: isDue) }
        if isDue { isForced = true }
        if isFirst { try await removeOwner() }
        isFirst = false
        left = try await remaining()
        reason = "they are still being deleted"
        if left.isEmpty { return .complete }
      } catch let error as APIError {
        logger.debug("cleaning up failed", metadata: ["error": "\(error)"])
        reason = error.attempted
        guard error.isPassing else { break }
      } catch {
        reason = "\(error)"
        break
      }
      guard start.duration(to: clock.now) < limit else { break }
      try? await Task.sleep(for: wait)
      wait = min(wait * 2, .seconds(2))
    }
    return .incomplete(
      left: left, reason: reason, remedy: "kubectl delete configmap,pod -n \(namespace) -l \(selector)")
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

  private func remaining() async throws -> [String] {
    let pods = try await client.list(Pod.self, in: namespace, labels: selector).items
    var left = pods.map { "pod/\($0.metadata.name ?? "")" }
    do {
      _ = try await client.get(ConfigMap.self, owner, in: namespace)
      left.append("configmap/\(owner)")
    } catch let error as APIError where error.code == .notFound {}
    return left
  }
}
