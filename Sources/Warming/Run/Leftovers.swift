package import Kubernetes
package import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What runs left behind that were killed before they could clean up.
///
/// A run's objects are found by their labels; that it is over, by the time until which it said to be alive.
package struct Leftovers: Sendable {
  private let client: KubernetesClient
  private let logger: Logger

  package init(client: KubernetesClient, logger: Logger) {
    self.client = client
    self.logger = logger
  }

  /// All runs that have objects, also live ones: `isExpired` tells them apart.
  ///
  /// - Parameter namespace: nil for all.
  package func find(in namespace: String?) async throws -> [Leftover] {
    let selector = "\(RunObjects.Key.ours),\(RunObjects.Key.run)"
    let owners = try await client.list(ConfigMap.self, in: namespace, labels: selector).items
    let now = await client.serverDate()
    var found: [String: Leftover] = [:]
    for owner in owners {
      guard let leftover = Leftover(owner.metadata, now: now) else { continue }
      found[leftover.key] = leftover
    }
    // Pods whose owner is gone already, where no garbage collector took them.
    for pod in try await client.list(Pod.self, in: namespace, labels: selector).items {
      guard let leftover = Leftover(pod.metadata, now: now), found[leftover.key] == nil else { continue }
      found[leftover.key] = leftover
    }
    return found.values.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
  }

  /// Removes one, whether it is expired or not: that is for the caller to judge.
  package func remove(_ leftover: Leftover) async -> CleanupOutcome {
    await RunCleanup(
      client: client, namespace: leftover.namespace, run: leftover.run, owner: leftover.name, logger: logger
    ).perform()
  }
}

extension Leftover {
  fileprivate var key: String { "\(namespace)/\(run)" }

  /// Nil for what is no part of a run.
  init?(_ metadata: ObjectMeta, now: Date) {
    guard let run = metadata.labels?[RunObjects.Key.run] else { return nil }
    let owner = metadata.ownerReferences?.first { $0.kind == ConfigMap.kind }?.name
    let expires = metadata.annotations?[RunObjects.Key.expires]
    let age = metadata.creationTimestamp.flatMap(Timestamp.date).map { now.timeIntervalSince($0) } ?? .infinity
    self.init(
      namespace: metadata.namespace ?? "default", name: owner ?? metadata.name ?? "",
      instance: metadata.labels?[RunObjects.Key.instance] ?? "", run: run, expires: expires ?? "",
      // A pod without its owner belongs to no run that is alive, unless the owner is just being recreated.
      isExpired: expires.flatMap(Timestamp.date).map { $0 < now } ?? (age > 300))
  }
}
