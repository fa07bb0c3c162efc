@testable import Warming
import Documents
import ImageModel
import Kubernetes
import Testing
import VirtualCluster

@Suite("The DaemonSet that stays", .timeLimit(.minutes(10)))
struct KeptDaemonSetTests {
  @Test("Applied, waited for, told by the status, warm on new nodes too, and deleted with all that belongs to it")
  func life() async throws {
    var nodes = NodeTemplate.numbered(2)
    for index in nodes.indices { nodes[index].platform = Platform(os: "linux", architecture: "amd64") }
    try await RunLab.with(nodes) { lab in
      let images = try [lab.sample("web:1.27"), lab.sample("scratch")]
      var manifest = DaemonSetManifest(images: try images.map(wanted), prepullImage: "example.com/prepull:1")
      manifest.name = "kept"
      manifest.namespace = "default"
      let kept = KeptDaemonSet(client: lab.client)
      try await kept.apply(manifest)
      let item = try #require(
        try await kept.wait(name: "kept", namespace: "default", timeout: .seconds(30)))
      #expect(item.coverage.isWarm)
      #expect(item.coverage.nodes == ["node-1", "node-2"])
      #expect(item.coverage.images == images)

      var other = NodeTemplate("node-3", platform: Platform(os: "linux", architecture: "amd64"))
      other.taints = [Taint(key: "gpu", effect: "NoSchedule")]
      try await lab.sandbox.addNode(other)
      try await lab.sandbox.addNode(NodeTemplate("node-4", platform: Platform(os: "linux", architecture: "arm64")))
      try await lab.sandbox.addNode(NodeTemplate("node-5", platform: Platform(os: "linux", architecture: "s390x")))
      let later = try #require(
        try await kept.wait(name: "kept", namespace: "default", timeout: .seconds(30)))
      #expect(later.coverage.isWarm)
      #expect(later.coverage.nodes == ["node-1", "node-2", "node-4", "node-5"])
      #expect(later.coverage.column(3).allSatisfy { $0.state == .unsupported })
      #expect(later.skipped.map(\.node) == ["node-3"])

      // Another image: only the new pods count.
      manifest.images = [try wanted(lab.sample("web:1.28"))]
      try await kept.apply(manifest)
      let updated = try #require(
        try await kept.wait(name: "kept", namespace: "default", timeout: .seconds(30)))
      #expect(updated.coverage.images == [try lab.sample("web:1.28")])
      #expect(updated.coverage.isWarm)

      let status = try await ClusterStatus.read(client: lab.client, namespace: nil)
      #expect(status.items.map(\.name) == ["kept"])
      #expect(try await ClusterStatus.read(client: lab.client, namespace: "default", name: "other").items.isEmpty)

      let deleted = try await kept.delete(name: "kept", namespace: "default")
      #expect(deleted.sorted() == ["configmap/kept", "daemonset/kept-amd64", "daemonset/kept-arm64"])
      #expect(try await kept.delete(name: "kept", namespace: "default").isEmpty)
    }
  }

  @Test("An image that has nothing for an architecture is left out there, and the others get there")
  func leftOut() async throws {
    let nodes = [NodeTemplate("a", architecture: "amd64"), NodeTemplate("b", architecture: "arm64")]
    try await RunLab.with(nodes) { lab in
      let images = try [lab.sample("amd64-only"), lab.sample("scratch")]
      var manifest = DaemonSetManifest(images: try images.map(wanted), prepullImage: "example.com/prepull:1")
      manifest.name = "mixed"
      manifest.namespace = "default"
      manifest.unsupported = [.arm64: [try wanted(images[0])]]
      let kept = KeptDaemonSet(client: lab.client)
      try await kept.apply(manifest)
      let item = try #require(try await kept.wait(name: "mixed", namespace: "default", timeout: .seconds(30)))
      #expect(item.coverage.column(0).map(\.state) == [.warm, .warm])
      #expect(item.coverage.column(1).map(\.state) == [.unsupported, .warm])
      #expect(item.coverage.isWarm)

      manifest.images.removeLast()
      #expect(try manifest.resources().compactMap(\.metadata.name) == ["mixed", "mixed-amd64"])
    }
  }

  @Test("A bad image is told by the status with its reason, and waiting for it ends in time")
  func failure() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let missing = "\(lab.sandbox.registry.host)/sample/missing:1"
      var manifest = DaemonSetManifest(
        images: [try wanted(missing), try wanted(lab.sample("scratch"))], prepullImage: "example.com/prepull:1")
      manifest.name = "broken"
      manifest.namespace = "default"
      manifest.architectures = [try #require(TouchProgram.Architecture(rawValue: Platform.host.architecture))]
      let kept = KeptDaemonSet(client: lab.client)
      try await kept.apply(manifest)
      let item = try #require(
        try await kept.wait(name: "broken", namespace: "default", timeout: .seconds(3)))
      #expect(item.coverage.column(0).map(\.state) == [.failed, .pending])
      #expect(!item.coverage.isWarm)
      _ = try await kept.delete(name: "broken", namespace: "default")
    }
  }
}
