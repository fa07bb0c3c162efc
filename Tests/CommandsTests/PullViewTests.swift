import ImageModel
import Registry
import Runtimes
import Terminal
import Testing

@testable import Commands
@testable import LocalPull

/// A made-up course of events for three images; instants in seconds.
private struct Story {
  let images: [WantedImage]

  init(_ names: String...) throws {
    images = try names.map { WantedImage(given: $0, reference: try Reference(parsing: $0)) }
  }

  func resolved(_ index: Int, bytes: Int64) -> WarmEvent {
    let digest = Digest(bytes: Array(repeating: 0xab, count: 32))
    let layer = Descriptor(mediaType: MediaType.ociLayerGzip, digest: digest, size: bytes)
    let config = Descriptor(
      mediaType: MediaType.ociConfig, digest: Digest(bytes: Array(repeating: 1, count: 32)), size: 0)
    let manifest = Descriptor(mediaType: MediaType.ociManifest, digest: digest, size: 10)
    return .resolved(
      ResolvedImage(
        reference: images[index].reference, descriptor: manifest, platform: .host, manifestDescriptor: manifest,
        manifest: Manifest(config: config, layers: [layer]), documents: []))
  }

  func result(_ index: Int, _ outcome: WarmResult.Outcome, bytes: Int64? = nil, seconds: Double = 4.1) -> WarmResult {
    WarmResult(
      image: images[index], outcome: outcome,
      digest: bytes == nil ? nil : Digest(bytes: Array(repeating: 0xab, count: 32)), sizeBytes: bytes,
      duration: .seconds(seconds))
  }
}

private let cause = WarmFailure(code: "died", detail: "it went away", remedy: "start it")

@Suite("What a person sees of a pull", .timeLimit(.minutes(10)))
struct PullViewTests {
  @Test func theScreenFollowsTheEvents() throws {
    let story = try Story("nginx:1.27", "b:1", "c:1", "d:1")
    var screen = PullScreen(images: story.images)
    func lines(_ seconds: Int) -> [String] { screen.draw(columns: 100, rows: 24, style: .plain, at: .seconds(seconds)) }

    screen.apply(.started, to: 0, at: .zero)
    #expect(lines(0)[0] == "  nginx:1.27  asking the registry")
    #expect(lines(0)[1] == "  b:1         waiting")
    screen.apply(story.resolved(0, bytes: 100_000_000), to: 0, at: .zero)
    screen.apply(.progress(PullProgress(phase: .downloading, completedBytes: 0)), to: 0, at: .zero)
    screen.apply(.progress(PullProgress(phase: .downloading, completedBytes: 50_000_000)), to: 0, at: .seconds(2))
    #expect(
      lines(2)[0]
        == "  nginx:1.27  ━━━━━━━━━━━━────────────  50%  50.0 MB of 100 MB  25.0 MB/s  2s left")
    #expect(lines(2)[4] == "Total  0 of 4 images   50.0 MB of 100 MB   25.0 MB/s")
    screen.apply(.progress(PullProgress(phase: .unpacking, completedBytes: 100_000_000)), to: 0, at: .seconds(4))
    #expect(lines(7)[0] == "  nginx:1.27  ━━━━━━━━━━━━━━━━━━━━━━━━ 100%  100 MB  unpacking 3.0s")
    screen.apply(.finished(story.result(0, .pulled, bytes: 100_000_000)), to: 0, at: .seconds(8))
    #expect(lines(8)[0] == "  nginx:1.27  ✔ 100 MB in 4.1s")

    screen.apply(.retrying(attempt: 1, of: 6, after: .seconds(2), cause: cause), to: 1, at: .seconds(8))
    #expect(lines(9)[1] == "  b:1         again in 1.0s (try 1 of 6 failed: it went away)")
    screen.apply(.finished(story.result(2, .alreadyThere, bytes: 5)), to: 2, at: .seconds(8))
    #expect(lines(9)[2] == "  c:1         ✔ already there")
    screen.apply(
      .finished(
        story.result(3, .failed(WarmFailure(code: "notFound", detail: "no such\u{1B}[2J tag", remedy: "look")))), to: 3,
      at: .seconds(8))
    #expect(lines(9)[3] == "  d:1         ✘ no such [2J tag", "foreign text cannot steer the terminal")
    #expect(lines(9)[4].hasPrefix("Total  2 of 4 images   1 failed"))
  }

  @Test func bytesThatAreNotKnownShowTheTime() throws {
    let story = try Story("a:1")
    var screen = PullScreen(images: story.images)
    screen.apply(.progress(PullProgress(phase: .downloading)), to: 0, at: .seconds(1))
    #expect(screen.draw(columns: 80, rows: 24, style: .plain, at: .seconds(13))[0] == "  a:1  downloading 12s")
  }

  @Test(
    "How long it will take is not cut, however narrow the terminal is", arguments: [40, 60, 70, 80, 81, 90, 100, 140])
  func narrowTerminals(columns: Int) throws {
    let story = try Story("registry.example.com/team/application:v1.2.3", "b:1")
    var screen = PullScreen(images: story.images)
    for (index, bytes) in [(0, Int64(99_900_000_000)), (1, 1000)] {
      screen.apply(.started, to: index, at: .zero)
      screen.apply(story.resolved(index, bytes: bytes), to: index, at: .zero)
    }
    screen.apply(.progress(PullProgress(phase: .downloading, completedBytes: 0)), to: 0, at: .zero)
    screen.apply(.progress(PullProgress(phase: .downloading, completedBytes: 20_400_000)), to: 0, at: .seconds(2))
    let lines = screen.draw(columns: columns, rows: 24, style: .plain, at: .seconds(2))
    // The last column stays free: a region of lines cuts what goes into it.
    #expect(lines.allSatisfy { VisibleText.width($0) < columns }, "\(lines)")
    #expect(lines[0].hasSuffix("2h43m left") && lines[2].hasSuffix("2h43m left"), "\(lines)")
    #expect(lines[0].contains("─") == (columns >= 90), "the bar goes first: \(lines)")
    #expect(lines[0].contains("MB/s") == (columns >= 80), "\(lines)")
    var region = LiveRegion()
    #expect(!region.update(lines, columns: columns, rows: 24).contains("…\n"), "\(lines)")
  }

  @Test func wideCharactersCountAsTwoColumns() throws {
    let images = try ["世界世界:1", "plain:1"].map { WantedImage(given: $0, reference: try Reference(parsing: "plain:1")) }
    let lines = PullScreen(images: images).draw(columns: 80, rows: 24, style: .plain, at: .zero)
    #expect(lines[0] == "  世界世界:1  waiting")
    #expect(lines[1] == "  plain:1     waiting")
  }

  @Test func aSmallTerminalShowsWhatIsAtWork() throws {
    let images = try (0..<50).map {
      WantedImage(given: "image-\($0):1", reference: try Reference(parsing: "image-\($0):1"))
    }
    var screen = PullScreen(images: images)
    screen.apply(.started, to: 40, at: .zero)
    let lines = screen.draw(columns: 80, rows: 10, style: .plain, at: .zero)
    #expect(lines.count <= 9)
    #expect(lines[0] == "  image-40:1  asking the registry")
    #expect(lines.last == "Total  0 of 50 images   (49 more not shown)")
  }

  @Test func longNamesKeepBothEnds() {
    #expect(VisibleText.shorten("registry.example.com/team/application:v1.2.3", to: 20) == "regist…cation:v1.2.3")
  }

  @Test func theLogTellsEachStepOnce() throws {
    let story = try Story("nginx:1.27", "b:1")
    var log = PullLog(images: story.images)
    var lines: [String] = []
    func apply(_ event: WarmEvent, _ index: Int, _ seconds: Int) {
      lines += log.lines(for: event, of: index, at: .seconds(seconds))
    }
    apply(.started, 0, 0)
    apply(story.resolved(0, bytes: 100_000_000), 0, 0)
    for second in 0...9 {
      apply(.progress(PullProgress(phase: .downloading, completedBytes: Int64(second) * 10_000_000)), 0, second)
    }
    apply(.progress(PullProgress(phase: .unpacking, completedBytes: 100_000_000)), 0, 10)
    apply(.progress(PullProgress(phase: .unpacking, completedBytes: 100_000_000)), 0, 20)
    apply(.retrying(attempt: 1, of: 6, after: .seconds(2), cause: cause), 1, 21)
    apply(.finished(story.result(0, .pulled, bytes: 100_000_000)), 0, 22)
    apply(.finished(story.result(1, .failed(WarmFailure(code: "died", detail: "gone", remedy: "start it")))), 1, 22)
    #expect(
      lines == [
        "nginx:1.27: 100 MB, sha256:\(String(repeating: "ab", count: 32))",
        "nginx:1.27: 50.0 MB of 100 MB, 10.0 MB/s, 5s left",
        "nginx:1.27: unpacking",
        "b:1: try 1 of 6 failed: it went away; again in 2.0s",
        "nginx:1.27: pulled in 4.1s",
        "b:1: failed: gone",
      ])
  }

  @Test func theReport() throws {
    let story = try Story("nginx:1.27", "b:1", "c:1", "d:1")
    let report = PullReport(
      runtime: RuntimeIdentity(name: "containerd", version: "1.6.20", apiVersion: "v1", platform: .host),
      at: RuntimeEndpoint(kind: .cri, path: "/run/x.sock"), platform: .host,
      results: [
        story.result(0, .pulled, bytes: 69_200_000), story.result(1, .alreadyThere, bytes: 5, seconds: 0.02),
        story.result(
          2, .failed(WarmFailure(code: "notFound", detail: "there is no tag 1", remedy: "Look there.")), seconds: 0.3),
        story.result(3, .cancelled, seconds: 1),
      ])
    #expect(
      report.table(style: .plain) == [
        "IMAGE        DIGEST                   SIZE    TIME   RESULT",
        "nginx:1.27   sha256:abababababab   69.2 MB    4.1s   pulled",
        "b:1          sha256:abababababab       5 B    20ms   already there",
        "c:1          -                           -   300ms   failed: notFound",
        "d:1          -                           -    1.0s   stopped",
      ])
    #expect(report.failures(style: .plain) == ["c:1: there is no tag 1", "  Look there."])
    #expect(!report.ok)
  }

  /// On a terminal it is said when the screen is gone, where it would be drawn over.
  @Test func aNoteIsSaidOnce() throws {
    let story = try Story("nginx:1.27")
    var log = PullLog(images: story.images)
    #expect(log.lines(for: .note("left to the runtime"), of: 0, at: .zero) == ["nginx:1.27: left to the runtime"])
    var screen = PullScreen(images: story.images)
    screen.apply(.note("left to the runtime"), to: 0, at: .zero)
    #expect(screen.notes == ["nginx:1.27: left to the runtime"])
    #expect(screen.draw(columns: 100, rows: 24, style: .plain, at: .zero)[0] == "  nginx:1.27  waiting")
  }
}
