@testable import Warming
import Foundation
import Glibc
import Terminal
import Testing

@testable import CLI
@testable import Commands

private func view(_ events: [(Int, RunEvent)], images: [String] = RunStory.images) -> RunView {
  events.reduce(into: RunView(images: images)) { $0.apply($1.1, at: .seconds($1.0)) }
}

private func screen(_ view: RunView, _ width: Int, _ height: Int, at seconds: Int) -> [String] {
  RunScreen.lines(of: view, width: width, height: height, style: .plain, at: .seconds(seconds))
}

@Suite("What a person sees of a run", .timeLimit(.minutes(1)))
struct RunViewTests {
  @Test func eventsMakeTheView() {
    let view = view(RunStory.midway)
    #expect(view.images.map { $0[.warm] } == [2, 0, 1])
    #expect(view.images.map { $0[.pending] } == [2, 3, 3])
    #expect(view.images.map(\.failed) == [0, 1, 0])
    #expect(view.count(.working) == 2)
    #expect(view.count(.waiting) == 1)
    #expect(view.count(.failed) == 1)
    #expect(view.pulledBytes == 120_000_000)
    #expect(view.failures.groups.map(\.nodes) == [["node-1"]])
  }

  @Test("An image is done in the progress when the kubelet says so, and the pod's status has the last word")
  func theKubeletsWord() {
    var view = view([
      (0, .planned(nodes: RunStory.nodes(2), images: RunStory.images)),
      (1, .cell(node: "node-1", image: 0, .pulling)),
      (2, .imagePulled(node: "node-1", image: 0, duration: nil, bytes: nil)),
      (2, .imagePresent(node: "node-2", image: 1)),
    ])
    #expect(view.images.map { $0[.warm] } == [1, 1, 0])
    view.apply(.cell(node: "node-1", image: 0, .stale(RunStory.digest)), at: .seconds(3))
    view.apply(.imagePulled(node: "node-1", image: 0, duration: nil, bytes: nil), at: .seconds(3))
    #expect(view.images.map { $0[.warm] } == [0, 1, 0])
    #expect(view.images[0].failed == 1)
  }

  @Test func nodesComeAndGo() {
    let view = view(RunStory.midway + RunStory.end)
    #expect(view.wantedNodes == 4)
    #expect(view.images.allSatisfy { $0.wanted == 4 })
    #expect(view.count(.warm) == 1)
    #expect(view.count(.failed) == 3)
    #expect(view.failures.groups.map(\.nodes) == [["node-1", "node-2"], ["node-3"]])
    #expect(view.failures.groups.map(\.image) == ["redis:9", nil])
    #expect(view.silence == nil)
  }

  @Test func theScreenInEightyColumns() {
    #expect(
      screen(view(RunStory.midway), 79, 23, at: 6) == [
        "  nginx:1.27                  ━━━━━─────  2/4",
        "  redis:9                     ──────────  0/4  1 failed",
        "  registry…e.com/team/app:v1  ━━╸───────  1/4",
        "Nodes  ━━━━━━╸───────────────────  0/4 warm  2 at work  1 failed  20.0 MB/s  6s",
        "✘ redis:9 on node-1: there is no tag '9' of redis",
      ])
  }

  @Test func theScreenWhileItEnds() {
    let lines = screen(view(RunStory.midway + RunStory.end.dropLast()), 120, 30, at: 15)
    #expect(
      lines == [
        "  nginx:1.27                        ━━━━━━━━━━━━────────────  2/4",
        "  redis:9                           ────────────────────────  0/4  2 failed",
        "  registry.example.com/team/app:v1  ━━━━━━──────────────────  1/4",
        "Nodes  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  1/4 warm  3 failed  15s", "✘ node-3: the node is full",
        "stopping: 3 nodes failed, more than --max-failures allows",
        "cleaning up: deleting what this run made (Ctrl-C again leaves it)",
      ])
  }

  @Test func aLowTerminalShowsWhatMatters() throws {
    let images = (0..<30).map { "image-\($0):1" }
    var events: [(Int, RunEvent)] = [(0, .planned(nodes: RunStory.nodes(2), images: images))]
    for image in 0..<10 {
      events += RunStory.nodes(2).map { (1, .cell(node: $0, image: image, .warm(nil))) }
    }
    events.append((1, .cell(node: "node-1", image: 20, .failed(RunStory.missing))))
    events.append((1, .cell(node: "node-1", image: 25, .pulling)))
    let lines = screen(view(events, images: images), 60, 9, at: 2)
    #expect(
      lines == [
        "  image-10:1  ───────  0/2", "  image-11:1  ───────  0/2", "  image-12:1  ───────  0/2",
        "  image-13:1  ───────  0/2", "  image-20:1  ───────  0/2  1 failed", "  image-25:1  ───────  0/2  1 pulling",
        "  24 more: 10 warm, 14 waiting", "Nodes  ──────────────────────────────  0/2 warm  2s",
        "✘ image-20:1 on node-1: there is no tag '9' of redis",
      ])
  }

  @Test("No terminal is too small", arguments: [1, 5, 20, 40, 60, 80, 200], [1, 2, 3, 5, 24])
  func anySize(width: Int, height: Int) {
    let lines = screen(view(RunStory.midway + RunStory.end.dropLast()), width, height, at: 15)
    #expect(!lines.isEmpty)
    #expect(lines.count <= height)
  }

  @Test func theLogTellsEachThingOnce() {
    var log = RunLog(images: RunStory.images)
    var lines: [String] = []
    for (second, event) in RunStory.midway + RunStory.end {
      lines += log.tick(at: .seconds(second))
      lines += log.lines(for: event, at: .seconds(second))
    }
    #expect(
      lines == [
        "warming 4 nodes for 3 images",
        "redis:9 on node-1: there is no tag '9' of redis; it is tried again",
        "redis:9 on node-1: failed: there is no tag '9' of redis",
        "0 of 4 nodes warm, 2 at work, 12.0 MB/s",
        "node-3: the node had no room for the pod (OutOfpods); again in 5.0s",
        "node-5: came while this ran, and is warmed too", "node-4: left the cluster",
        "the API server does not answer: connection refused; waiting for it",
        "0 of 4 nodes warm, 2 at work, 1 failed, 10.9 MB/s", "the API server answers again",
        "node-3: failed: the node is full", "node-5: warm (1 of 4 nodes)", "node-6: left out: cordoned",
        "node-7: cannot be warmed: it runs windows", "warning: the events of the pods cannot be read [2J",
        "stopping: 3 nodes failed, more than --max-failures allows", "1 of 4 nodes warm, 3 failed",
        "redis:9 on node-1, node-2: the same failure", "cleaning up: deleting what this run made",
      ])
  }

  @Test func aThousandNodesMakeNoThousandLines() {
    let nodes = RunStory.nodes(1000)
    var log = RunLog(images: RunStory.images)
    var lines = log.lines(for: .planned(nodes: nodes, images: RunStory.images), at: .zero)
    for (index, node) in nodes.enumerated() {
      let now = Duration.milliseconds(index * 20)
      lines += log.tick(at: now)
      lines += log.lines(for: .nodeStarted(node: node), at: now)
      lines += log.lines(for: .imageFailed(node: node, image: 1, RunStory.missing, isFinal: true), at: now)
      lines += log.lines(for: .nodeFinished(node: node, .incomplete), at: now)
    }
    lines += log.lines(for: .cleaningUp, at: .seconds(20))
    #expect(lines.count < 15, "\(lines)")
    #expect(lines.contains("redis:9 on node-1: failed: there is no tag '9' of redis"))
    #expect(lines.contains("redis:9 on node-1, node-2, node-3 and 997 more: the same failure"))
  }
}

@Suite("The end of a run", .timeLimit(.minutes(10)))
struct RunReportTests {
  @Test func theTable() throws {
    let report = RunReport(result: try RunStory.result)
    #expect(
      report.table(style: .plain) == [
        "IMAGE                              DIGEST                   SIZE   WARM   PULLED   RESULT",
        "nginx:1.27                         sha256:abababababab   69.2 MB    3/4        2   1 not done",
        "redis:9                            sha256:abababababab         -    1/4       0+   2 failed, 1 not done",
        "registry.example.com/team/app:v1   -                     10.0 MB    2/3        2   1 not done",
      ])
    #expect(report.table(style: .plain, columns: 80).allSatisfy { $0.count <= 80 })
    #expect(report.summary(style: .plain) == "1 of 4 nodes warm for 3 images after 16s")
    #expect(
      report.problems(style: .plain) == [
        "redis:9 on node-2, node-3: there is no tag '9' of redis", "  Check the name of the repository and the tag.",
        "node-4: the node is full", "  Free some of it.",
        "node-8: cannot be warmed: it runs windows; Prepull warms Linux nodes", "node-5, node-6: left out: cordoned",
      ])
  }

  @Test func success() throws {
    var result = try RunStory.result
    result.coverage = Coverage(images: ["a"], nodes: ["n"])
    result.coverage[image: 0, node: 0] = .warm(nil)
    result.images = [.init(reference: "a")]
    result.nodes = [.init(name: "n", outcome: .warm, duration: .seconds(1), pods: 1)]
    result.skipped = []
    result.unsupported = []
    let report = RunReport(result: result)
    #expect(report.summary(style: .plain) == "1 node is warm for 1 image after 16s")
    #expect(report.problems(style: .plain) == [])
  }

  @Test func whatStoppedItAndWhatIsLeft() throws {
    var result = try RunStory.result
    result.stopped = .timedOut(.seconds(600))
    result.cleanup = .incomplete(
      left: ["configmap/prepull-x"], reason: "connection refused", remedy: "Run prepull delete --leftovers -n web.")
    let lines = RunReport(result: result).problems(style: .plain)
    #expect(lines.contains("stopped early: the --timeout of 10m00s is over"))
    #expect(lines.contains("not cleaned up: configmap/prepull-x: connection refused"))
    #expect(lines.last == "  Run prepull delete --leftovers -n web.")
  }

  @Test("One line says that nodes wait for seeds, on the screen and in the log, until none does")
  func seeds() {
    let sentence = "38 nodes wait for seeds: web:2.0 is on 2 nodes, and 4 pull it"
    var view = RunView(images: RunStory.images)
    var log = RunLog(images: RunStory.images)
    for (second, event) in RunStory.midway + [(6, .seedWait(RunStory.seedWait))] {
      view.apply(event, at: .seconds(second))
      _ = log.lines(for: event, at: .seconds(second))
    }
    let screen = RunScreen.lines(of: view, width: 100, height: 20, style: .plain, at: .seconds(7))
    #expect(screen.filter { $0 == sentence }.count == 1, "\(screen)")
    #expect(log.tick(at: .seconds(20)).first?.contains(sentence) == true)
    view.apply(.seedWait(nil), at: .seconds(8))
    #expect(!RunScreen.lines(of: view, width: 100, height: 20, style: .plain, at: .seconds(8)).contains(sentence))
    view.apply(.nodeWaits(node: "node-3"), at: .seconds(8))
    #expect(view.nodes["node-3"] == .waiting)
  }

  @Test(
    "What nodes wait for, in words",
    arguments: [
      (0, 1, "1 node pulls web:2.0 first"), (0, 3, "3 nodes pull web:2.0 first"),
      (1, 1, "web:2.0 is on 1 node, and 1 pulls it"), (0, 0, "web:2.0 is on no node yet"),
    ])
  func words(holders: Int, pulling: Int, words: String) {
    let wait = SeedWait(nodes: 5, reference: "web:2.0", holders: holders, pulling: pulling)
    #expect(wait.words == words)
  }

  /// Set PREPULL_UPDATE_GOLDEN=1 to write the file anew, then read the difference.
  @Test("The stream of JSON, to the byte: its names are an interface")
  func stream() throws {
    let start = Date(timeIntervalSince1970: 1_800_000_000)
    var lines = (RunStory.midway + RunStory.end).map { second, event in
      RunStream.line(event, images: RunStory.images, at: start.addingTimeInterval(Double(second)))
    }
    let left = CleanupOutcome.incomplete(left: ["pod/a"], reason: "forbidden", remedy: "Ask.")
    let more: [RunEvent] = [
      .stopping(.cancelled), .stopping(.timedOut(.seconds(1.5))), .stopping(.refused(RunStory.evicted)),
      .cleanedUp(left), .cell(node: "n", image: 0, .stale(RunStory.digest)),
      .cell(node: "n", image: 0, .unsupported("no \"arm64\"")), .nodeFinished(node: "n", .notDone),
      .nodeWaits(node: "n"), .seedWait(RunStory.seedWait), .seedWait(nil),
      .nodeFinished(node: "n", .unsupported), .imagePulled(node: "n", image: 0, duration: nil, bytes: nil),
    ]
    lines += more.map { RunStream.line($0, images: RunStory.images, at: start) }
    lines.append(RunStream.line("result", RunReport(result: try RunStory.result).members, at: start))
    let text = lines.joined(separator: "\n") + "\n"
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Golden/run/stream.ndjson")
    if ProcessInfo.processInfo.environment["PREPULL_UPDATE_GOLDEN"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(text == (try String(contentsOf: file, encoding: .utf8)))
    for line in lines { #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) } }
  }

  @Test("A reader that takes nothing keeps no run waiting, and misses nothing", .timeLimit(.minutes(1)))
  func stoppedReader() async throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    defer { close(reader) }
    let display = RunDisplay(images: RunStory.images, mode: .stream, output: Console(descriptor: writer))
    // Far more than a pipe holds.
    for number in 0..<5000 { display.report(.nodeStarted(node: "node-\(number)")) }
    let reading = Task.detached {
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = read(reader, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
      return String(decoding: bytes, as: UTF8.self)
    }
    await display.finish()
    close(writer)
    let lines = await reading.value.split(separator: "\n")
    #expect(lines.count == 5000)
    #expect(lines.last?.contains("node-4999") == true)
  }

  @Test("A terminal that stays stopped keeps nobody from ending", .timeLimit(.minutes(1)))
  func terminalThatStaysStopped() async throws {
    var ends: [Int32] = [0, 0]
    // Its ends stay open: whoever writes to a pipe without reader gets a signal.
    try #require(pipe(&ends) == 0)
    let display = RunDisplay(images: RunStory.images, mode: .log, console: Console(descriptor: ends[1]))
    for number in 0..<5000 { display.report(.warning("warning number \(number), which is as long as a line is")) }
    let ending = Task { await display.finish() }
    ending.cancel()
    await ending.value
  }

  @Test("Quiet, a run says nothing but that the API server does not answer, and that it does again")
  func quiet() async throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let display = RunDisplay(images: RunStory.images, mode: .nothing, console: Console(descriptor: ends[1]))
    for event in [
      RunEvent.nodeStarted(node: "n1"), .warning("odd"), .connectionLost(reason: "connection refused"),
      .connectionRestored, .cleaningUp,
    ] { display.report(event) }
    await display.finish()
    close(ends[1])
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(ends[0], &bytes, bytes.count)
    close(ends[0])
    #expect(
      String(decoding: bytes[..<max(0, count)], as: UTF8.self)
        == "the API server does not answer: connection refused; waiting for it\nthe API server answers again\n")
  }
}
