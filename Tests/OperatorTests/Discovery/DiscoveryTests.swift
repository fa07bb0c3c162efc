import KubeAPIServer
import VirtualCluster
import Workloads
import Warming
@testable import Operator
import TestKit
import Documents
import Kubernetes
import Synchronization
import Testing

@Suite("Discovery: on the sandbox", .timeLimit(.minutes(10)))
struct DiscoveryTests {
  private let id = PrepullID(namespace: "default", name: "all", uid: "1")

  private func withDiscovery(
    namespaces: [String] = ["web", "shop"], limit: Int = 60, retryAfter: Duration = .milliseconds(200),
    _ body: @Sendable (WatchedCluster, Discovery) async throws -> Void
  ) async throws {
    try await WatchedCluster.with { cluster in
      for namespace in namespaces {
        try await cluster.apply(
          ["kind": "Namespace", "metadata": ["name": .string(namespace)]], "v1", "namespaces", isNamespaced: false)
      }
      let discovery = Discovery(
        client: cluster.client, metrics: ControllerMetrics(), retryAfter: retryAfter, limit: limit,
        logger: WatchedCluster.logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await discovery.run() }
        defer { group.cancelAll() }
        try await body(cluster, discovery)
      }
    }
  }

  private static func pod(_ images: [String], initial: [String] = [], annotations: JSON = [:]) -> JSON {
    func containers(_ images: [String], _ prefix: String) -> JSON {
      .array(images.enumerated().map { ["name": .string("\(prefix)\($0)"), "image": .string($1)] })
    }
    return [
      "metadata": ["labels": ["app": "x"], "annotations": annotations],
      "spec": ["containers": containers(images, "c"), "initContainers": containers(initial, "i")],
    ]
  }

  /// Applies a workload of a kind; `tier` is its own label.
  private static func workload(
    _ cluster: WatchedCluster, _ kind: WorkloadKind, _ name: String, in namespace: String = "web",
    tier: String = "front",
    _ pod: JSON
  ) async throws {
    var object: JSON = [
      "kind": .string(kind.rawValue),
      "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": ["tier": .string(tier)]],
    ]
    var template = pod
    let selector: JSON = ["matchLabels": ["app": "x"]]
    switch kind {
    case .deployment: object["spec"] = ["replicas": 0, "selector": selector, "template": template]
    case .statefulSet:
      object["spec"] = ["replicas": 0, "serviceName": "x", "selector": selector, "template": template]
    case .daemonSet: object["spec"] = ["selector": selector, "template": template]
    case .job:
      template[path: "spec", "restartPolicy"] = "Never"
      object["spec"] = ["suspend": true, "template": template]
    case .cronJob:
      template[path: "spec", "restartPolicy"] = "Never"
      object["spec"] = ["schedule": "0 0 1 1 *", "jobTemplate": ["spec": ["template": template]]]
    case .pod: object["spec"] = pod["spec"]
    case .replicaSet, .controllerRevision, .replicationController:
      Issue.record("\(kind) is not made by these tests")
      return
    }
    let plural = kind.rawValue.lowercased() + "s"
    let group = [.pod: "v1", .job: "batch/v1", .cronJob: "batch/v1"][kind] ?? "apps/v1"
    try await cluster.apply(object, group, plural)
  }

  private func found(
    _ what: String, _ discovery: Discovery, where isRight: @escaping @Sendable (DiscoveredImages) -> Bool
  ) async throws -> DiscoveredImages {
    try await first(what, of: discovery.changes) { isRight($0.found) }.found
  }

  @Test("Finds the images of every kind, init containers too, by namespace and label, and the next revision at once")
  func kinds() async throws {
    try await withDiscovery { cluster, discovery in
      for kind in WorkloadKind.present {
        let name = kind.rawValue.lowercased()
        try await Self.workload(cluster, kind, name, Self.pod(["\(name):1"], initial: ["\(name)-init:1"]))
      }
      try await Self.workload(cluster, .deployment, "back", tier: "back", Self.pod(["back:1"]))
      try await Self.workload(cluster, .deployment, "elsewhere", in: "shop", Self.pod(["elsewhere:1"]))
      try await Self.workload(
        cluster, .deployment, "ignored", Self.pod(["ignored:1"], annotations: ["prepull.dev/ignore": "true"]))
      let tier = NodeRequirement("tier", .in, ["front"])
      await discovery.want([id: DiscoveryRequest(namespaces: ["web"], selector: [tier])])
      let all = try await found("all kinds", discovery) { $0.images.count == 12 }
      #expect(all.isComplete && all.problem == nil)
      let kinds = WorkloadKind.present.map { $0.rawValue.lowercased() }
      #expect(all.images.map(\.reference) == kinds.flatMap { ["\($0):1", "\($0)-init:1"] }.sorted())
      #expect(
        all.images.first { $0.reference == "cronjob-init:1" }?.wantedBy == ["CronJob web/cronjob (i0)"])

      try await Self.workload(cluster, .deployment, "deployment", Self.pod(["deployment:2"]))
      let next = try await found("the next revision", discovery) { $0.images.map(\.reference).contains("deployment:2") }
      #expect(!next.images.map(\.reference).contains("deployment:1"))

      await discovery.want([id: DiscoveryRequest(namespaces: ["shop"])])
      let other = try await found("the other namespace", discovery) { $0.images.count == 1 }
      #expect(other.images.map(\.reference) == ["elsewhere:1"])
    }
  }

  @Test("An earlier revision is found when it is asked for, and only then")
  func history() async throws {
    try await withDiscovery { cluster, discovery in
      try await Self.workload(cluster, .deployment, "front", Self.pod(["front:1"]))
      try await Self.untilRevisions(["1"], of: cluster)
      try await Self.workload(cluster, .deployment, "front", Self.pod(["front:2"]))
      try await Self.untilRevisions(["1", "2"], of: cluster)
      await discovery.want([id: DiscoveryRequest(namespaces: ["web"])])
      let present = try await found("what is there", discovery) { !$0.images.isEmpty }
      #expect(present.images.map(\.reference) == ["front:2"])
      await discovery.want([id: DiscoveryRequest(namespaces: ["web"], history: 1)])
      let both = try await found("what was there", discovery) { $0.images.count == 2 }
      #expect(both.images.map(\.reference) == ["front:1", "front:2"])
      #expect(both.images[0].wantedBy == ["revision 1 of Deployment web/front (c0)"])
    }
  }

  /// Waits for the ReplicaSets that the Deployment controller makes.
  private static func untilRevisions(_ revisions: [String], of cluster: WatchedCluster) async throws {
    let annotation = "deployment.kubernetes.io/revision"
    try await eventually("the revisions \(revisions)") {
      let sets = cluster.sandbox.objects("replicasets", group: "apps")
      return sets.compactMap { $0[path: "metadata", "annotations", annotation]?.string }.sorted() == revisions
    }
  }

  @Test("A kind that may not be listed leaves a gap that is told; it heals")
  func refused() async throws {
    try await withDiscovery { cluster, discovery in
      try await Self.workload(cluster, .deployment, "front", Self.pod(["front:1"]))
      try await Self.workload(cluster, .cronJob, "nightly", Self.pod(["nightly:1"]))
      let denied = DeniedPermission(verb: "list", resource: "cronjobs.batch")
      cluster.sandbox.server.faults.deny(denied)
      await discovery.want([id: DiscoveryRequest(namespaces: ["web"])])
      let partial = try await found("a first answer", discovery) { _ in true }
      #expect(partial.images.map(\.reference) == ["front:1"])
      #expect(!partial.isComplete)
      #expect(partial.problem?.contains("cronjobs") == true)
      cluster.sandbox.server.faults.allow(denied)
      let whole = try await found("a whole answer", discovery) { $0.isComplete }
      #expect(whole.images.map(\.reference) == ["front:1", "nightly:1"])
      #expect(whole.problem == nil)
    }
  }

  @Test("When lists fail after that, the last good one stays, and changes come again afterwards")
  func lastGood() async throws {
    try await withDiscovery { cluster, discovery in
      try await Self.workload(cluster, .deployment, "front", Self.pod(["front:1"]))
      await discovery.want([id: DiscoveryRequest(namespaces: ["web"])])
      _ = try await found("the first answer", discovery) { $0.images.count == 1 }
      for verb in ["list", "watch"] {
        cluster.sandbox.server.faults.fail(500, times: 5) { $0.verb == verb && $0.resource == "deployments.apps" }
      }
      cluster.sandbox.server.compact()
      cluster.sandbox.server.cutWatches()
      try await Self.workload(cluster, .deployment, "front", Self.pod(["front:1", "side:1"]))
      // Had the list been emptied, this would have been told first.
      let next = try await found("the next answer", discovery) { _ in true }
      #expect(next.images.map(\.reference) == ["front:1", "side:1"])
    }
  }

  @Test("Nothing is watched that nobody wants")
  func quiet() async throws {
    try await withDiscovery { cluster, discovery in
      await discovery.want([id: DiscoveryRequest(namespaces: ["web"])])
      _ = try await found("an empty answer", discovery) { $0.images.isEmpty }
      await discovery.want([:])
      let other = PrepullID(namespace: "default", name: "other", uid: "2")
      await discovery.want([other: DiscoveryRequest(namespaces: ["shop"])])
      _ = try await found("the other's answer", discovery) { _ in true }
      cluster.sandbox.server.faults.resetCounts()
      cluster.sandbox.server.cutWatches()
      try await Self.workload(cluster, .deployment, "late", in: "shop", Self.pod(["late:1"]))
      _ = try await found("the change", discovery) { $0.images.count == 1 }
      let watched = cluster.sandbox.server.faults.requestCounts.filter { $0.key.verb == "watch" && $0.value > 0 }
      #expect(watched.values.allSatisfy { $0 == 1 }, "\(watched)")
    }
  }

  private static func watches(_ cluster: WatchedCluster) -> Int {
    cluster.sandbox.server.requestCounts.filter { $0.key.verb == "watch" }.values.reduce(0, +)
  }

  @Test("Each kind is watched once, however many namespaces there are; one that is added is found too")
  func manyNamespaces() async throws {
    let namespaces = (1...40).map { "n-\($0)" }
    try await withDiscovery(namespaces: namespaces + ["late"]) { cluster, discovery in
      for namespace in namespaces + ["late"] {
        try await Self.workload(cluster, .deployment, "app", in: namespace, Self.pod(["\(namespace):1"]))
      }
      await discovery.want([id: DiscoveryRequest(namespaces: Set(namespaces))])
      let all = try await found("all namespaces", discovery) { $0.images.count == 40 }
      #expect(all.isComplete)
      #expect(Self.watches(cluster) <= WorkloadKind.present.count)
      await discovery.want([id: DiscoveryRequest(namespaces: Set(namespaces + ["late"]))])
      _ = try await found("the one that was added", discovery) { $0.images.count == 41 && $0.isComplete }
      #expect(Self.watches(cluster) <= 2 * WorkloadKind.present.count)
      // What is not asked for any more is not found any more, without anything being asked.
      cluster.sandbox.server.faults.resetCounts()
      await discovery.want([id: DiscoveryRequest(namespaces: ["n-1"])])
      _ = try await found("one namespace", discovery) { $0.images.map(\.reference) == ["n-1:1"] }
      #expect(!cluster.sandbox.server.requestCounts.contains { $0.key.verb == "list" })
    }
  }

  @Test("Where all namespaces may not be seen at once each is seen by itself, over no more connections than allowed")
  func byNamespace() async throws {
    let namespaces = (1...5).map { "n-\($0)" }
    // All namespaces are tried again only after 20 times as long.
    try await withDiscovery(namespaces: namespaces, limit: 7, retryAfter: .seconds(1)) { cluster, discovery in
      for namespace in namespaces {
        try await Self.workload(cluster, .deployment, "app", in: namespace, Self.pod(["\(namespace):1"]))
      }
      let refused = Mutex<Set<String>>([])
      // The first list of each kind is that of all namespaces.
      cluster.sandbox.server.faults.fail(403, times: WorkloadKind.present.count) { key in
        key.verb == "list" && refused.withLock { $0.insert(key.resource).inserted }
      }
      await discovery.want([id: DiscoveryRequest(namespaces: Set(namespaces))])
      let all = try await found("all namespaces", discovery) { $0.images.count == 5 && $0.isComplete }
      #expect(all.problem == nil)
      #expect(Self.watches(cluster) <= 7)
      try await Self.workload(cluster, .deployment, "app", in: "n-3", Self.pod(["n-3:2"]))
      _ = try await found("the change, whether it is watched or listed", discovery) {
        $0.images.map(\.reference).contains("n-3:2")
      }
    }
  }
}
