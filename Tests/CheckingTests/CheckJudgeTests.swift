import Kubernetes
@testable import Checking
import ImageModel
import Testing

@testable import Registry

@Suite("What the facts of a check mean", .timeLimit(.minutes(10)))
struct CheckJudgeTests {
  private typealias Lab = CheckLab

  @Test("A plain image by its digest: nothing to say")
  func nothing() async throws {
    #expect(try await Lab.codes(.success(Lab.image())) == [])
    #expect(try await Lab.codes(.success(Lab.image()), [Lab.node("a")]) == [])
  }

  @Test("Names: latest is a warning, a tag alone a note")
  func names() async throws {
    let image = ImageInspector.Outcome.success(Lab.image())
    #expect(try await Lab.codes(image, reference: "nginx") == ["warning latestTag"])
    #expect(try await Lab.codes(image, reference: "nginx:1.27") == ["note noDigest"])
  }

  @Test("Platforms: of nodes, and those that were asked for")
  func platforms() async throws {
    let image = ImageInspector.Outcome.success(Lab.image())
    let nodes = [Lab.node("a"), Lab.node("b", Lab.arm64)]
    let some = try await Lab.findings(image, nodes)
    #expect(some.map(\.code) == [.noPlatform])
    // A warm-up leaves such a node out.
    #expect(some.first?.level == .warning)
    #expect(some.first?.detail.contains("cannot run on b (linux/arm64)") == true, "\(some)")
    let all = try await Lab.findings(image, [Lab.node("b", Lab.arm64)])
    #expect(all.first?.detail.contains("cannot run on any of the nodes") == true)
    let asked = try await Lab.findings(image) { $0.platforms = [Lab.arm64, Lab.amd64] }
    #expect(asked.map(\.detail) == ["has nothing for linux/arm64: it has images for linux/amd64 only"])
    // What nodes tell is not said again.
    #expect(try await Lab.codes(image, nodes) { $0.platforms = [Lab.arm64] } == ["warning noPlatform"])
  }

  @Test("zstd: an error where a runtime is too old, a note where none is known, nothing where all take it")
  func zstd() async throws {
    let image = ImageInspector.Outcome.success(Lab.image(100, [Lab.layer(1, type: MediaType.ociLayerZstd)]))
    #expect(try await Lab.codes(image) == ["note zstdLayers"])
    #expect(try await Lab.codes(image, [Lab.node("a")]) == [])
    let old = try await Lab.findings(image, [Lab.node("a"), Lab.node("b", runtime: "docker://20.10.24")])
    #expect(old.map(\.code) == [.oldRuntime])
    #expect(old.first?.detail.contains("b cannot unpack (docker 20.10.24)") == true, "\(old)")
  }

  @Test(
    "Layers that need something of the node",
    arguments: [
      (
        MediaType.ociLayerGzip, ["containerd.io/snapshot/stargz/toc.digest": "sha256:1"],
        "note lazyLayers"
      ),
      ("application/vnd.oci.image.layer.nydus.blob.v1", [:], "warning nydusLayers"),
      (MediaType.ociLayerGzip + "+encrypted", [:], "warning encryptedLayers"),
      ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", [:], "warning foreignLayers"),
      ("application/vnd.example.layer", [:], "warning unknownLayers"),
    ] as [(String, [String: String], String)])
  func layers(_ type: String, _ annotations: [String: String], _ code: String) async throws {
    let image = Lab.image(100, [Lab.layer(1, type: type, annotations: annotations)])
    #expect(try await Lab.codes(.success(image), [Lab.node("a")]) == [code])
  }

  @Test("A manifest under another type than a manifest's fails where runtimes are known to refuse it")
  func vagueType() async throws {
    var image = Lab.image()
    image.vagueType = "application/json"
    #expect(try await Lab.codes(.success(image)) == ["warning unsupportedMediaType"])
    #expect(
      try await Lab.codes(.success(image), [Lab.node("a", runtime: "cri-o://1.30.0")])
        == ["warning unsupportedMediaType"])
    let found = try await Lab.findings(.success(image), [Lab.node("a", runtime: "containerd://1.6.20")])
    #expect(found.map(\.level) == [.error])
    #expect(found.first?.detail.contains("as application/json (Content-Type)") == true)
  }

  @Test("A tag that nodes hold at another digest")
  func oldDigest() async throws {
    let held = NodeSurvey.Held(repository: "docker.io/library/nginx", tags: ["1"], digests: [Lab.digest(9)])
    let found = try await Lab.findings(
      .success(Lab.image()), [Lab.node("a", held: [held]), Lab.node("b")], reference: "nginx:1")
    #expect(found.map(\.code) == [.oldDigest, .noDigest])
    #expect(found.first?.detail.contains("on a than") == true)
  }

  @Test("What a registry refuses is an error, and a question where pull secrets may open it")
  func refusals() async throws {
    for code in [CheckCode.notFound, .unauthorized, .denied] {
      let failure = ImageInspector.Outcome.failure(InspectionFailure(code, "why", "what to do"))
      #expect(try await Lab.codes(failure) == ["error \(code)"])
      let question = try await Lab.findings(failure) { $0.pullSecrets = ["regcred"] }
      #expect(question.map(\.level) == [.warning])
      #expect(question.first?.remedy.contains("--read-secrets") == true)
    }
    // No secret helps against a server that is not there.
    let away = ImageInspector.Outcome.failure(InspectionFailure(.refused, "why", "what"))
    #expect(try await Lab.codes(away) { $0.pullSecrets = ["regcred"] } == ["error refused"])
  }

  private func secrets(for registry: String) throws -> PullSecretSurvey {
    var survey = PullSecretSurvey()
    let bytes = Array(#"{"auths":{"\#(registry)":{"auth":"YTpi"}}}"#.utf8)
    survey.credentials = try PullSecretCredentials([("regcred", bytes, false)])
    return survey
  }

  @Test("A pull secret that was read: for the wrong registry, or refused")
  func secretsRead() async throws {
    let wrong = try secrets(for: "https://ghcr.io/v1/")
    let failure = ImageInspector.Outcome.failure(InspectionFailure(.unauthorized, "why", "what"))
    let found = try await Lab.findings(failure, secrets: wrong) { $0.pullSecrets = ["regcred"] }
    #expect(found.map(\.code) == [.wrongSecret, .wrongSecret])
    #expect(found.map(\.level) == [.error, .warning])
    #expect(found.first?.detail.contains("regcred has nothing for docker.io, it is for ghcr.io") == true, "\(found)")
    #expect(!"\(found)".contains("YTpi"))
    // A public image needs none, but somebody meant something by it.
    #expect(
      try await Lab.codes(.success(Lab.image()), secrets: wrong) { $0.pullSecrets = ["regcred"] }
        == ["warning wrongSecret"])
    let right = try secrets(for: "index.docker.io")
    let refused = try await Lab.findings(failure, secrets: right) { $0.pullSecrets = ["regcred"] }
    #expect(refused.map(\.code) == [.unauthorized])
    #expect(refused.first?.remedy.contains("the login in the pull secret regcred") == true, "\(refused)")
    // Of a secret that is not there another finding tells: nothing is said of what it holds.
    var absent = PullSecretSurvey()
    absent.unread = ["regcred"]
    for credentials in [nil, try PullSecretCredentials([])] {
      absent.credentials = credentials
      let found = try await Lab.findings(failure, secrets: absent) { $0.pullSecrets = ["regcred"] }
      #expect(found.map(\.code) == [.unauthorized] && found.map(\.level) == [.warning], "\(found)")
      #expect(found.first?.detail.contains("regcred could not be used") == true, "\(found)")
    }
  }

  @Test("Disks: too small for certain, over the threshold, under pressure, unknown")
  func disks() async throws {
    // 1 kB and a byte; containerd keeps it beside at least as much.
    let image = ImageInspector.Outcome.success(Lab.image(100, [Lab.layer(1, 1000)]))
    #expect(try await Lab.codes(image, [Lab.node("a", capacity: 100_000)]) == [])
    #expect(try await Lab.codes(image, [Lab.node("a", capacity: 2300)]) == ["error diskTooSmall"])
    // Guessed at 2.5 kB unpacked, it is over 85 %, which is not certain.
    #expect(try await Lab.codes(image, [Lab.node("a", capacity: 3000)]) == ["warning garbageCollection"])
    #expect(
      try await Lab.codes(image, [Lab.node("a", capacity: 3000)]) { $0.thresholds.high = 60 } == ["error diskTooSmall"])
    var crowded = Lab.node("a", capacity: 10_000)
    crowded.reportedBytes = 6000
    let found = try await Lab.findings(image, [crowded])
    #expect(found.map(\.code) == [.garbageCollection])
    #expect(found.first?.detail.contains("beside 6.00 kB of images") == true, "\(found)")
    #expect(try await Lab.codes(image, [Lab.node("a", capacity: nil)]) == ["note diskUnknown"])
    var pressed = Lab.node("a")
    pressed.hasDiskPressure = true
    #expect(try await Lab.codes(image, [pressed]) == ["warning diskPressure"])
  }

  @Test("Nodes: none left, names that there are not, other systems")
  func nodes() async throws {
    let image = ImageInspector.Outcome.success(Lab.image())
    let windows = Lab.node("w", Platform(os: "freebsd", architecture: "amd64"))
    // An image for Linux alone is no fault on them.
    #expect(try await Lab.codes(image, [Lab.node("a"), windows]) == ["note otherNodes"])
    #expect(try await Lab.codes(image, [windows]) == ["error noNodes", "note otherNodes"])
    #expect(try await Lab.codes(image, []) == ["error noNodes"])
    #expect(try await Lab.codes(image, [Lab.node("a")]) { $0.nodes.names = ["a", "b"] } == ["warning unknownNodes"])
    #expect(try await Lab.codes(image, [Lab.node("a")]) { $0.nodes.exclude = ["b"] } == ["warning unknownNodes"])
  }

  @Test("Fewer pulls left than nodes need")
  func limits() async throws {
    let limit = RateLimit(limit: 100, remaining: 1, window: .seconds(21_600))
    let image = ImageInspector.Outcome.success(Lab.image(limit: limit))
    #expect(try await Lab.codes(image, [Lab.node("a")]) == [])
    let found = try await Lab.findings(image, [Lab.node("a"), Lab.node("b")])
    #expect(found.map(\.code) == [.fewPullsLeft])
    #expect(found.first?.detail.contains("allows 1 more pull in 6h00m") == true, "\(found)")
  }
}
