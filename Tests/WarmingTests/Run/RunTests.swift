@testable import Warming
import Documents
import ImageModel
import KubeAPIServer
import Kubernetes
import TestKit
import Testing
import VirtualCluster

/// Whole runs in a sandbox whose virtual nodes really pull.
@Suite("A run with the kubelet engine", .timeLimit(.minutes(3)))
struct RunTests {
  @Test("Every node gets every image that exists for it, at the digest of the registry, and nothing is left")
  func whole() async throws {
    var nodes = NodeTemplate.numbered(2)
    nodes[0].platform = Platform(os: "linux", architecture: "amd64")
    nodes[1].platform = Platform(os: "linux", architecture: "arm64")
    nodes.append(NodeTemplate("windows", platform: Platform(os: "windows", architecture: "amd64")))
    try await RunLab.with(nodes) { lab in
      let images = try ["web:1.27", "scratch", "amd64-only"].map(lab.sample)
      let request = try lab.request(images[0], images[1], images[2])
      let result = try await lab.run(request)
      #expect(result.isWarm, "\(result.failures)")
      #expect(result.stopped == nil)
      #expect(result.cleanup == .complete)
      #expect(result.coverage.nodes == ["node-1", "node-2", "windows"])
      #expect(result.coverage.column(0).map(\.state) == [.warm, .warm, .warm])
      #expect(result.coverage.column(1).map(\.state) == [.warm, .warm, .unsupported])
      #expect(result.coverage.column(2).map(\.state) == [.unsupported, .unsupported, .unsupported])
      #expect(result.nodes.map(\.outcome) == [.warm, .warm, .unsupported])
      for (index, image) in images.enumerated().prefix(2) {
        let resolved = try #require(result.images[index].resolution)
        #expect(result.images[index].pulls == 2)
        #expect(result.images[index].pulledBytes > 0)
        for node in ["node-1", "node-2"] {
          let held = try #require(try await lab.sandbox.image(image, on: node))
          #expect(resolved.knownDigests.contains(held.digest), "\(image) on \(node)")
        }
      }
      #expect(lab.remains.isEmpty)

      // The second time everything is there.
      let again = try await lab.run(request)
      #expect(again.isWarm)
      #expect(again.images[0].pulls == 0)
      #expect(again.images[0].present == 2)
    }
  }

  @Test("A pod a node: two writes each, whatever the number of images, and no list of pods while it goes on")
  func economy() async throws {
    try await RunLab.with(NodeTemplate.numbered(6)) { lab in
      let request = try lab.request(lab.sample("web:1.27"), lab.sample("web:1.28"), lab.sample("scratch"))
      let report = try await lab.check(request)
      lab.sandbox.server.faults.resetCounts()
      let result = try await KubeletEngine(client: lab.client, logger: RunLab.logger)
        .run(request, report: report) { _ in }
      #expect(result.isWarm)
      // The ConfigMap made and deleted, the pods deleted as a whole at the end.
      #expect(lab.writes <= 2 * 6 + 4, "\(lab.sandbox.server.requestCounts)")
      #expect(lab.count("create", "pods") == 6)
      #expect(lab.count("list", "pods") <= 3)
      #expect(lab.count("get", "pods") == 0)
      #expect(lab.count("list", "events") == 1)
    }
  }

  @Test("An image that is missing and a registry that is away do not hold up the others, and are told apart")
  func oneOfThree() async throws {
    try await RunLab.with { lab in
      let missing = "\(lab.sandbox.registry.host)/sample/missing:1"
      var request = try lab.request(lab.sample("scratch"), missing, "127.0.0.1:1/nobody/home:1", lab.sample("web:1.27"))
      request.nodeTimeout = .seconds(4)
      let result = try await lab.run(request)
      #expect(!result.isWarm)
      #expect(result.coverage.row(0).allSatisfy { $0.state == .warm })
      #expect(result.coverage.row(3).allSatisfy { $0.state == .warm })
      let codes = Dictionary(grouping: result.failures, by: \.image).mapValues { Set($0.map(\.failure.code)) }
      #expect(codes == [missing: ["notFound"], "127.0.0.1:1/nobody/home:1": ["refused"]])
      #expect(result.nodes.allSatisfy { $0.outcome == .incomplete })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("300 images are split over pods that are made one after another")
  func manyImages() async throws {
    try await RunLab.with(NodeTemplate.numbered(1), model: SandboxOptions.Model()) { lab in
      let image = try SampleImage(seed: 3, layers: [500], platforms: [.host], indexed: true)
      let references = (0..<300).map { lab.sandbox.registry.add(image, to: "many/image", tag: "v\($0)").description }
      let request = RunRequest(images: try references.map(wanted), namespace: "default")
      lab.sandbox.server.faults.resetCounts()
      let result = try await lab.run(request, isChecked: false)
      #expect(result.isWarm, "\(result.failures.prefix(3))")
      #expect(result.nodes.map(\.pods) == [6])
      #expect(lab.writes < 20)
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("Where touch cannot start, the image is there all the same")
  func noexec() async throws {
    var nodes = NodeTemplate.numbered(1)
    nodes[0].isNoexec = true
    try await RunLab.with(nodes) { lab in
      let result = try await lab.run(lab.request(lab.sample("web:1.27")))
      #expect(result.isWarm, "\(result.failures)")
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("A tag that moved since the node pulled it is stale; pulling always mends that")
  func stale() async throws {
    try await RunLab.with { lab in
      func publish(_ seed: UInt64) throws -> String {
        let image = try SampleImage(seed: seed, layers: [900], platforms: [.host], indexed: true)
        return lab.sandbox.registry.add(image, to: "moving/tag", tag: "v1").description
      }
      var request = try lab.request(publish(1))
      #expect(try await lab.run(request).isWarm)
      _ = try publish(2)
      let result = try await lab.run(request)
      #expect(!result.isWarm)
      #expect(result.coverage.row(0).allSatisfy { $0.state == .stale })
      #expect(result.failures.first?.failure.code == "stale")
      request.policy = .always
      #expect(try await lab.run(request).isWarm)
    }
  }

  @Test("Pod Security's restricted level takes the pods")
  func restricted() async throws {
    try await RunLab.with { lab in
      _ = try lab.sandbox.store.create(
        ["metadata": ["name": "strict", "labels": ["pod-security.kubernetes.io/enforce": "restricted"]]],
        as: ResourceName(plural: "namespaces"))
      let request = try lab.request(lab.sample("scratch"), namespace: "strict")
      #expect(try await lab.check(request).blockers == [])
      #expect(try await lab.run(request).isWarm)
    }
  }

  @Test("A private image needs its secret, and says so without it")
  func privateImage() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let result = try await lab.run(lab.request(lab.sample("private")))
      #expect(result.failures.map(\.failure.code) == ["unauthorized"])
      #expect(result.failures.first?.failure.remedy.contains("--pull-secret") == true)
    }
  }

  @Test("An image that no wanted node can hold makes a run no success, and the others get there")
  func homelessImage() async throws {
    var nodes = NodeTemplate.numbered(2)
    for index in nodes.indices { nodes[index].platform = Platform(os: "linux", architecture: "arm64") }
    try await RunLab.with(nodes) { lab in
      let request = try lab.request(lab.sample("amd64-only"), lab.sample("web:1.27"))
      let report = try await lab.check(request)
      #expect(report.blockers == [])
      #expect(report.impossibleImages == [0])
      let result = try await lab.run(request)
      #expect(!result.isWarm)
      #expect(result.homeless == [0])
      #expect(result.coverage.row(1).map(\.state) == [.warm, .warm])
      #expect(result.nodes.map(\.outcome) == [.warm, .warm])
    }
  }

  @Test("What kubelets say again, of containers that are restarted, counts once")
  func restartedContainers() async throws {
    var nodes = NodeTemplate.numbered(1)
    nodes[0].isNoexec = true
    try await RunLab.with(nodes) { lab in
      let slow = "\(lab.sandbox.registry.host)/sample/web:1.28"
      // While one image takes its time, the other's container, which cannot run, is started again and again.
      lab.sandbox.registry.inject(.slow(300_000)) { $0.path.contains("/blobs/") && $0.path.contains("sample/web") }
      let result = try await lab.run(lab.request(lab.sample("scratch"), slow))
      #expect(result.isWarm, "\(result.failures)")
      for image in result.images { #expect(image.pulls + image.present <= 1, "\(image)") }
    }
  }
}
