import Serving
@testable import Operator
import KubeAPIServer
import Runtimes
import Kubernetes
import TestKit
import Testing
import VirtualCluster

@Suite("Metrics: requests to the API server", .timeLimit(.minutes(10)))
struct RequestCountTests {
  @Test("Every request is counted by verb, resource and answer, watches when they begin")
  func requests() async throws {
    try await WatchedCluster.with { cluster in
      let metrics = ControllerMetrics()
      let client = try KubernetesClient(
        cluster.sandbox.configuration, onRequest: { metrics.count($0) }, logger: WatchedCluster.logger)
      _ = try await client.create(ConfigMap(metadata: ObjectMeta(name: "a", namespace: "default")))
      await #expect(throws: APIError.self) { try await client.get(ConfigMap.self, "b", in: "default") }
      let server = cluster.sandbox.server
      server.faults.fail(429, times: 1) { $0.verb == "list" }
      for try await event in client.watch(Lease.self, in: "default") {
        if case .applied = event { break }
        var lease = Lease(metadata: ObjectMeta(name: "a", namespace: "default"))
        lease.metadata.labels = ["a": "b"]
        _ = try await client.create(lease)
      }
      await client.shutdown()
      let leases = "leases.coordination.k8s.io"
      let counts = [
        ("create", "configmaps", "201"), ("get", "configmaps", "404"), ("list", leases, "429"),
        ("list", leases, "200"), ("watch", leases, "200"),
      ].map { metrics.apiRequests.value($0.0, $0.1, $0.2) }
      #expect(counts == [1, 1, 1, 1, 1])
    }
  }
}
