import Documents
import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keeps the ConfigMap that owns all objects of a run: makes it, says through it that the run is alive, and makes it
/// again when somebody deleted it.
struct RunOwner: Sendable {
  let client: KubernetesClient
  let objects: RunObjects

  /// How long a run counts as alive after it last said so, and how often it does. The first leaves room for clocks
  /// that differ and for an API server that restarts.
  static let lifetime = Duration.seconds(150)
  static let renewal = Duration.seconds(30)

  /// By the server's clock, by which others judge it too.
  private func expires() async -> String {
    Timestamp.seconds(await client.serverDate().addingTimeInterval(Double(Self.lifetime.components.seconds)))
  }

  /// Makes it. A name that is taken is an error.
  func make() async throws -> ConfigMap {
    try await client.create(objects.configMap(expires: await expires()))
  }

  /// Says that the run is alive.
  func renew() async throws {
    let expires = await expires()
    _ = try await client.patch(
      ConfigMap.self, objects.name, in: objects.request.namespace,
      .merge(["metadata": ["annotations": [RunObjects.Key.expires: .string(expires)]]]))
  }

  /// The one that is there, or a new one in its place.
  func ensure() async throws -> (configMap: ConfigMap, isNew: Bool) {
    var tries = 0
    while true {
      do {
        let found = try await client.get(ConfigMap.self, objects.name, in: objects.request.namespace)
        if found.metadata.deletionTimestamp == nil { return (found, false) }
      } catch let error as APIError where error.code == .notFound {
        do {
          return (try await make(), true)
        } catch let error as APIError where error.code == .alreadyExists {}
      }
      tries += 1
      // It goes as soon as its finalizers are done.
      guard tries < 10 else {
        throw APIError(
          .conflict, verb: "create", resource: ConfigMap.plural, namespace: objects.request.namespace,
          name: objects.name, isRetryable: true, detail: "it is being deleted and does not go",
          remedy: "See its finalizers.")
      }
      try await Task.sleep(for: .milliseconds(500))
    }
  }
}
