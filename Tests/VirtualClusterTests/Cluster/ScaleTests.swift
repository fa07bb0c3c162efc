import KubeAPIServer
import TestKit
import Documents
import ImageModel
import Testing

@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(10))) struct ScaleTests {
  /// Every node pulls every image; nothing is transferred, yet sizes, digests and times are those of the model.
  @Test func hundredsOfNodesPullByTheModel() async throws {
    var options = Cluster.options(NodeTemplate.numbered(200), speed: 100)
    options.model = .init(linkBandwidth: 100_000_000, registryBandwidth: 4_000_000_000)
    options.hasSampleImages = false
    try await Cluster.with(options) { sandbox in
      let images = try (1...10).map {
        try sandbox.registry.addModelled("model/image-\($0)", layers: [60_000_000, 10_000_000 * Int64($0)]).description
      }
      let start = ContinuousClock.now
      for number in 1...200 { try sandbox.run("warm-\(number)", images, node: "node-\(number)") }
      _ = try await eventually("all pods to succeed") {
        sandbox.store.list(.pods).items.allSatisfy { $0.phase == "Succeeded" } ? true : nil
      }
      // 11.5 GB over a link of 0.1 GB/s, and 230 GB over the registry's 4 GB/s: a minute at least.
      #expect(sandbox.pace.elapsed(since: start) >= .seconds(57))
      let pod = try #require(sandbox.pod("warm-7"))
      let held = try #require(await sandbox.image(images[2], on: "node-7"))
      #expect(pod.container("c2")?["imageID"]?.string == held.imageID)
      #expect(held.sizeBytes == 90_001_500)
      #expect(sandbox.registry.requests.isEmpty)
      // Of ten images with four events each a kubelet's recorder lets 25 through, and one more every five minutes.
      let most = 25 + Int(sandbox.pace.elapsed(since: start) / .seconds(300))
      #expect(sandbox.events("warm-7").filter { $0.container.hasPrefix("spec.containers") }.count <= most)
    }
  }

  @Test func modelledFailuresAreTheRegistrys() async throws {
    var options = Cluster.options([NodeTemplate("a", architecture: "amd64"), NodeTemplate("b", architecture: "arm64")])
    options.model = .init()
    try await Cluster.with(options) { sandbox in
      let host = sandbox.registry.host
      sandbox.registry.inject(.status(503)) { $0.path.contains("sample/database") }
      try sandbox.run(
        "warm",
        [
          "\(host)/sample/web:1.27", "\(host)/sample/amd64-only:v1", "\(host)/sample/private:v1",
          "\(host)/sample/database:16", "\(host)/sample/none:v1", "registry.invalid/app:v1",
        ], node: "b")
      let pod = try await sandbox.pod("warm", when: "to back off") { pod in
        (1...5).allSatisfy { pod.waiting("c\($0)") == "ImagePullBackOff" }
      }
      #expect(pod.terminated("c0")?["exitCode"] == 0)
      let messages = (1...5).map { pod.waitingMessage("c\($0)") ?? "" }
      #expect(messages[0].contains("no match for platform in manifest"))
      #expect(messages[1].contains("pull access denied"))
      #expect(messages[2].contains("500 Internal Server Error"))
      #expect(messages[3].contains("not found"))
      #expect(messages[4].contains("no such host"))
      sandbox.registry.clearFaults()
      _ = try await sandbox.pod("warm", when: "to have the database") { $0.terminated("c3") != nil }
    }
  }
}
