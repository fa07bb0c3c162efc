package import Kubernetes

/// What Prepull does in a cluster right now: DaemonSets that stay, and runs that go on; and how each stands.
package struct ClusterStatus: Sendable {
  package struct Item: Sendable {
    package enum Kind: String, Codable, Sendable {
      /// DaemonSets, from `render` or `run --keep`.
      case kept
      /// The pods of a run.
      case run
    }

    package var kind: Kind
    package var namespace: String
    /// `app.kubernetes.io/instance`.
    package var name: String
    /// Which of the runs of this name; nil for what is kept.
    package var run: String?
    /// When its oldest object was made. RFC 3339.
    package var created: String?
    /// Of a run only the nodes that are at work now.
    package var coverage: Coverage
    /// Nodes that it was meant for and leaves out.
    package var skipped: [Skipped]
    /// Whether the DaemonSet controller has taken in the latest version. Always true of runs.
    package var isCurrent: Bool
    /// Why pods are not made, or do not come to run.
    package var obstacles: [Obstacle] = []

    /// Whether there is a node for every image, and all nodes hold what they can hold.
    package var isWarm: Bool {
      isCurrent && coverage.isWarm && !coverage.nodes.isEmpty && coverage.homelessImages.isEmpty
    }
  }

  package struct Obstacle: Hashable, Sendable {
    package var reason: String
    /// Empty when it concerns all that have no pod.
    package var nodes: [String]
  }

  package struct Skipped: Hashable, Sendable {
    package var node: String
    package var reason: NodeVerdict.SkipReason
  }

  package var items: [Item]

  /// Reads it once: nodes, DaemonSets and pods of ours, each in pages.
  ///
  /// - Parameters:
  ///   - namespace: nil for all.
  ///   - name: nil for all.
  package static func read(
    client: KubernetesClient, namespace: String?, name: String? = nil
  ) async throws -> ClusterStatus {
    let selector = selector(name)
    async let nodes = client.list(Node.self).items
    async let sets = client.list(DaemonSet.self, in: namespace, labels: selector).items
    async let pods = client.list(Pod.self, in: namespace, labels: selector).items
    async let events = refusals(client, namespace)
    return ClusterStatus(
      nodes: try await nodes, daemonSets: try await sets, pods: try await pods, events: await events)
  }

  /// Of the DaemonSet controller, whose pods are refused.
  static let refusalFields = "involvedObject.kind=DaemonSet,reason=FailedCreate"

  /// Events only help to explain: a user who may not list them sees the rest.
  private static func refusals(_ client: KubernetesClient, _ namespace: String?) async -> [Event] {
    (try? await client.list(Event.self, in: namespace, fields: refusalFields).items) ?? []
  }

  static func selector(_ name: String?) -> String {
    RunObjects.Key.ours + (name.map { ",\(RunObjects.Key.instance)=\($0)" } ?? "")
  }

  /// Puts the objects together.
  package init(nodes: [Node], daemonSets: [DaemonSet], pods: [Pod], events: [Event] = []) {
    let facts = nodes.map(NodeFacts.init).sorted { $0.name < $1.name }
    let kept = Dictionary(grouping: daemonSets) { Owner($0.metadata) }
    let keptPods = Dictionary(grouping: pods.filter { $0.metadata.labels?[RunObjects.Key.run] == nil }) {
      Owner($0.metadata)
    }
    let runs = Dictionary(grouping: pods.filter { $0.metadata.labels?[RunObjects.Key.run] != nil }) {
      Owner($0.metadata)
    }
    items =
      kept.map { Item($0.key, sets: $0.value, pods: keptPods[$0.key] ?? [], nodes: facts, events: events) }
      + runs.map { Item($0.key, pods: $0.value) }
    items.sort { $0.rank < $1.rank }
  }

  /// What belongs together.
  struct Owner: Hashable {
    let namespace: String
    let name: String
    let run: String?

    init(_ metadata: ObjectMeta) {
      namespace = metadata.namespace ?? "default"
      name = metadata.labels?[RunObjects.Key.instance] ?? metadata.name ?? ""
      run = metadata.labels?[RunObjects.Key.run]
    }
  }
}

extension ClusterStatus.Item {
  fileprivate var rank: (String, String, String, String) { (namespace, name, kind.rawValue, run ?? "") }
}
