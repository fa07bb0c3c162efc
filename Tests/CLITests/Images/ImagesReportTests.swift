import Commands
import Documents
import Terminal
import Testing
import Usage

@testable import CLI

@Suite("What prepull images prints", .timeLimit(.minutes(10)))
struct ImagesReportTests {
  private static func report(top: Int? = nil) -> ImagesReport {
    let now = 1_000_000_000.0
    var survey = UsageSurvey()
    for number in 1...4 {
      let held = number > 1 ? [] : [(names: ["registry.example.com/shop/model:2"], bytes: Int64?(2_000_000_000))]
      survey.add(node: "node-\(number)", system: "linux", joined: 0, images: held)
    }
    var history = UsageHistory()
    func start(_ image: String, _ outcome: ImageStart.Outcome) {
      history.note(ImageStart(image: image, outcome: outcome, time: now), as: ImageKey(image), now: now)
    }
    for _ in 1...3 {
      survey.add(UsageSurvey.Pod(node: "node-1", uses: [.init(image: "registry.example.com/shop/model:2")]))
      start("registry.example.com/shop/model:2", .pulled(pull: .seconds(80), wait: .seconds(100)))
    }
    for number in 1...4 {
      survey.add(UsageSurvey.Pod(node: "node-\(number)", uses: [.init(image: "nginx:1.27", isThere: true)]))
      start("nginx:1.27", .found)
    }
    survey.add(UsageSurvey.Pod(node: nil, uses: [.init(image: "bad\u{1B}[31m:1", isFailing: true)]))
    history.watch(from: now - 3600, to: now)
    return ImagesReport(
      ranking: UsageRanking(survey, history, since: now - 3600, now: now), survey: survey, hoursWatched: 1,
      since: .seconds(3600), top: top)
  }

  @Test func wideTablesTellThePastToo() {
    #expect(
      Self.report().lines(style: .plain, columns: nil) == [
        "IMAGE                               NODES   PODS      WAITED   STARTS/H   COLD     PULL   WAIT/H",
        "registry.example.com/shop/model:2     1/4      3   3 x 1m40s        3.0    75%    1m20s    3m00s",
        "nginx:1.27                            4/4      4           -        4.0     0%   ~1m20s       0s",
        "bad [31m:1                            0/4     1!           -          0   100%   ~1m20s       0s",
        "",
        "Expected cold wait per hour",
        "registry.example.com/shop/model:2   3m00s   " + String(repeating: "━", count: 40),
        "",
        "3 images, 8 pods, 4 nodes. Seen in 1h00m: 7 starts, 3 pulls, 5m00s waited",
      ])
  }

  @Test func narrowOnesKeepToTheirColumns() {
    let lines = Self.report().lines(style: .plain, columns: 80)
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
    #expect(lines.first?.contains("WAITED") == false)
    #expect(lines.first?.hasSuffix("WAIT/H") == true)
  }

  @Test func whatIsLeftOutIsCounted() {
    let lines = Self.report(top: 1).lines(style: .plain, columns: nil)
    #expect(lines.last?.hasPrefix("3 images (2 not shown), ") == true)
    #expect(!lines.joined().contains("nginx"))
  }

  @Test func whatCannotBePulledIsLeftOutAndSaid() {
    let now = 1_000_000_000.0
    var survey = UsageSurvey()
    var history = UsageHistory()
    for image in ["gone:1", "some:1", "good:1"] {
      survey.add(
        UsageSurvey.Pod(
          node: "node-1", uses: [.init(image: image, isThere: true), .init(image: image, isFailing: image != "good:1")])
      )
    }
    let pulled = ImageStart(image: "some:1", outcome: .pulled(pull: .seconds(1), wait: .seconds(1)), time: now)
    history.note(pulled, as: ImageKey("some:1"), now: now)
    let report = ImagesReport(
      ranking: UsageRanking(survey, history, since: now - 3600, now: now), survey: survey, hoursWatched: 1,
      since: .seconds(3600), top: nil)
    #expect(Set(report.warmable.map(\.reference)) == ["some:1", "good:1"])
    #expect(
      report.failures(isLeftOut: true) == [
        "what cannot be pulled is left out: gone:1; see why with \(Program.name) check",
        "some pods could pull these and others cannot, so they stay in: some:1; see why with \(Program.name) check",
      ])
    #expect(report.failures(isLeftOut: false).count == 1)
  }

  @Test func anUnknownPullTimeIsNullForPrograms() {
    var survey = UsageSurvey()
    survey.add(UsageSurvey.Pod(node: "node-1", uses: [.init(image: "web:1")]))
    let report = ImagesReport(
      ranking: UsageRanking(survey, UsageHistory(), since: 0, now: 1), survey: survey, hoursWatched: 0,
      since: .seconds(3600), top: nil)
    let image = report.json(remarks: [])["images"]?.array?.first
    #expect(image?["pullSeconds"] == .null && image?["coldWaitSecondsPerHour"] == .null)
    #expect(image?["pullIsGuessed"] == false)
  }

  @Test func anEmptyClusterIsSaid() {
    let nothing = ImagesReport(
      ranking: UsageRanking(UsageSurvey(), UsageHistory(), since: 0, now: 1), survey: UsageSurvey(), hoursWatched: 1,
      since: .seconds(3600), top: nil)
    #expect(nothing.lines(style: .plain, columns: 80) == ["no image is used there: no pods, no workloads, no events"])
    #expect(nothing.json(remarks: ["x"])["remarks"] == ["x"])
  }

  @Test func theDrawingHasWhatCostsAnything() {
    #expect(Self.report().chart.rows.map(\.label) == ["registry.example.com/shop/model:2"])
    #expect(Self.report().chart.svg().contains("registry.example.com/shop/model:2"))
  }
}
