package import Kubernetes

/// The shape that stays: a DaemonSet for each architecture, which also warms nodes that come later and keeps the images
/// from the kubelet's garbage collection.
package struct KeptDaemonSet: Sendable {
  private let client: KubernetesClient

  package init(client: KubernetesClient) { self.client = client }

  /// Makes the objects that `render` prints, or brings them up to date, and removes DaemonSets of architectures that are
  /// not among them any more.
  ///
  /// - Throws: `ManifestError` for what cannot be, `APIError`.
  package func apply(_ manifest: DaemonSetManifest) async throws {
    var manifest = manifest
    let namespace = manifest.namespace ?? client.configuration.namespace
    manifest.namespace = namespace
    let resources = try manifest.resources()
    for resource in resources { try await apply(resource) }
    let names = Set(resources.compactMap(\.metadata.name))
    let selector = Self.selector(manifest.effectiveName)
    for set in try await client.list(DaemonSet.self, in: namespace, labels: selector).items {
      guard let name = set.metadata.name, !names.contains(name) else { continue }
      try await Self.ignoringAbsence { try await client.delete(DaemonSet.self, name, in: namespace) }
    }
  }

  private func apply<R: Resource>(_ resource: R) async throws { _ = try await client.apply(resource) }

  /// Waits until every node that it is for holds every image that it can hold.
  ///
  /// - Parameters:
  ///   - timeout: nil waits as long as it takes.
  ///   - onUpdate: gets the state whenever it changed.
  /// - Returns: the last state; nil when there is none of this name.
  package func wait(
    name: String, namespace: String, timeout: Duration?, onUpdate: (ClusterStatus.Item) -> Void = { _ in }
  ) async throws -> ClusterStatus.Item? {
    var last: ClusterStatus.Item?
    let clock = ContinuousClock()
    let end = timeout.map { clock.now.advanced(by: $0) }
    try await ClusterStatus.follow(client: client, namespace: namespace, name: name, deadline: end) { status in
      last = status.items.first { $0.kind == .kept && $0.name == name }
      guard let item = last else { return false }
      onUpdate(item)
      return item.isCurrent && item.coverage.isWarm && !item.coverage.nodes.isEmpty
    }
    return last
  }

  /// Whether anything of this name stays.
  package func exists(name: String, namespace: String) async throws -> Bool {
    try await !client.list(DaemonSet.self, in: namespace, labels: Self.selector(name)).items.isEmpty
  }

  /// Deletes everything of this name that stays; runs are left alone.
  ///
  /// - Returns: what was deleted, `daemonset/prepull-nginx-amd64`; empty when there was nothing. Its pods end a moment
  ///   later.
  package func delete(name: String, namespace: String) async throws -> [String] {
    let selector = Self.selector(name)
    var deleted: [String] = []
    for set in try await client.list(DaemonSet.self, in: namespace, labels: selector).items {
      guard let name = set.metadata.name else { continue }
      try await Self.ignoringAbsence { try await client.delete(DaemonSet.self, name, in: namespace) }
      deleted.append("daemonset/\(name)")
    }
    for configMap in try await client.list(ConfigMap.self, in: namespace, labels: selector).items {
      guard let name = configMap.metadata.name else { continue }
      try await Self.ignoringAbsence { try await client.delete(ConfigMap.self, name, in: namespace) }
      deleted.append("configmap/\(name)")
    }
    return deleted
  }

  private static func selector(_ name: String) -> String {
    "\(ClusterStatus.selector(name)),!\(RunObjects.Key.run)"
  }

  private static func ignoringAbsence(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as APIError where error.code == .notFound {}
  }
}
