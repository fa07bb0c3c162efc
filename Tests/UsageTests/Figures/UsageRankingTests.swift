import Foundation
import Kubernetes
import Testing
import Workloads

@testable import Usage

/// A cluster of nodes that joined long ago, and what its kubelets reported in the last hour.
private struct Story {
  var survey = UsageSurvey()
  var history = UsageHistory()
  let now = 1_000_000_000.0

  /// - Parameter change: what is known before the nodes are.
  init(
    nodes: Int, holding: [String: Int] = [:], system: String = "linux", _ change: (inout UsageSurvey) -> Void = { _ in }
  ) {
    change(&survey)
    for number in 1...nodes {
      let images = holding.filter { $0.value >= number }.map { (names: [$0.key], bytes: Int64?(100_000_000)) }
      survey.add(
        node: "\(system)-\(number)", system: system, joined: 0, images: images.sorted { $0.names[0] < $1.names[0] })
    }
    history.watch(from: now - 3600, to: now)
  }

  mutating func starts(_ image: String, found: Int = 0, pulled: Int = 0, onNew: Int = 0, seconds: Double = 10) {
    for _ in 0..<found { note(image, .found) }
    for number in 0..<pulled {
      note(image, .pulled(pull: .seconds(seconds), wait: .seconds(2 * seconds)), onNew: number < onNew)
    }
    survey.note(image, on: "linux-1", isUse: true)
  }

  mutating func note(_ image: String, _ outcome: ImageStart.Outcome, onNew: Bool = false) {
    let start = ImageStart(image: image, outcome: outcome, time: now - 60, isOnNewNode: onNew)
    history.note(start, as: survey.key(of: image), now: now)
  }

  var ranking: [ImageUsage] { UsageRanking(survey, history, since: now - 3600, now: now).images }

  func usage(_ image: String) -> ImageUsage? { ranking.first { $0.key == ImageKey(image) } }
}

@Suite("The ranking of images by expected cold wait", .timeLimit(.minutes(10)))
struct UsageRankingTests {
  @Test func popularImagesWarmThemselves() throws {
    var story = Story(nodes: 10, holding: ["docker.io/library/popular:1": 10, "docker.io/library/rare:1": 1])
    story.starts("popular:1", found: 200)
    story.starts("rare:1", pulled: 4)
    #expect(story.ranking.map(\.reference) == ["rare:1", "popular:1"])
    let popular = try #require(story.usage("popular:1"))
    #expect(popular.startsPerHour == 200)
    #expect(popular.coldChance == 0)
    let rare = try #require(story.usage("rare:1"))
    // lacking 0.9 x (4 pulls + 2) / (4 starts + 2)
    #expect(abs(rare.coldChance - 0.9) < 1e-9)
    #expect(rare.pullTime == .seconds(10))
    #expect(abs(rare.waitPerHour / .seconds(1) - 36) < 1e-6)
    #expect(rare.seen.waitSeconds == 80)
  }

  @Test("The next pod starts at once where a node holds all images of its workload")
  func nextPods() throws {
    let story = Story(nodes: 70, holding: ["docker.io/library/web:1": 66, "docker.io/library/proxy:1": 3]) { survey in
      survey.add(workload: "Deployment shop/web", images: ["web:1", "proxy:1"], expected: 0)
      survey.add(workload: "Deployment shop/front", images: ["web:1"], expected: 0)
      survey.add(workload: "Job shop/done", images: ["web:1"], expected: 0)
      survey.add(workload: "Job shop/new", images: ["unheard-of:1"], expected: 1)
    }
    let pods = story.survey.nextPods()
    #expect(pods.map(\.workload) == ["Job shop/new", "Deployment shop/web", "Deployment shop/front"])
    #expect(pods.map(\.warmNodes) == [0, 3, 66])
    #expect(pods.map(\.nodes) == [70, 70, 70])
    #expect(pods[1].lacking == ["proxy:1", "web:1"])
  }

  @Test("The next pod is told of the nodes that take it: selectors, affinity, taints, cordons and systems count")
  func nextPodsByPlace() {
    var survey = UsageSurvey()
    func on(_ change: (inout NodeChoice) -> Void) -> NodeChoice {
      var choice = NodeChoice()
      change(&choice)
      return choice
    }
    let gpu = NodeRequirement("pool", .in, ["gpu"])
    let bearing = TolerationRule(key: "gpu")
    let choices = [
      "any": NodeChoice(), "gpu": on { ($0.selector, $0.tolerations) = ([gpu], [bearing]) },
      "barred": on { $0.selector = [gpu] },
      "affine": on { ($0.anyOf, $0.tolerations) = ([.init(labels: [gpu])], [bearing]) },
      "named": on { $0.names = ["web-1"] },
      "windows": on { $0.selector = [NodeRequirement("kubernetes.io/os", .in, ["windows"])] },
    ]
    for (name, choice) in choices {
      survey.add(workload: name, images: [name == "windows" ? "iis:1" : "app:1"], expected: 0, on: choice)
    }
    func add(_ name: String, holds: Bool = false, _ change: (inout NodeFacts) -> Void = { _ in }) {
      var facts = NodeFacts(name: name, uid: name)
      change(&facts)
      let images = holds ? [(names: ["docker.io/library/app:1"], bytes: Int64?(1))] : []
      survey.add(node: name, system: facts.os, joined: 0, images: images, facts: facts)
    }
    add("web-1", holds: true)
    add("web-2")
    add("cordoned", holds: true) { $0.isSchedulable = false }
    add("away", holds: true) { $0.isReady = false }
    for number in 1...3 {
      add("gpu-\(number)", holds: number == 1) {
        ($0.labels, $0.taints) = (["pool": "gpu"], [.init(key: "gpu", effect: "NoSchedule")])
      }
    }
    add("win") { ($0.os, $0.labels) = ("windows", ["kubernetes.io/os": "windows"]) }
    survey.add(UsageSurvey.Pod(node: "web-1", uses: [.init(image: "app:1", isThere: true)]))
    let pods = Dictionary(uniqueKeysWithValues: survey.nextPods().map { ($0.workload, [$0.warmNodes, $0.nodes]) })
    #expect(
      pods == [
        "any": [1, 2], "gpu": [1, 3], "affine": [1, 3], "barred": [0, 0], "named": [1, 1], "windows": [0, 1],
      ])
  }

  @Test(
    "Pods of a DaemonSet go to cordoned nodes too, those of others do not",
    arguments: [WorkloadKind.daemonSet, .deployment])
  func cordoned(_ workload: WorkloadKind) throws {
    let template = try JSONDecoder().decode(
      WorkloadPod.self, from: Data(#"{"spec": {"containers": [{"image": "app:1"}], "nodeSelector": {"a": "b"}}}"#.utf8))
    var survey = UsageSurvey()
    survey.add(workload: "it", images: template.references, expected: 0, on: template.nodes(of: workload))
    for (name, isSchedulable) in [("open", true), ("cordoned", false)] {
      var facts = NodeFacts(name: name, uid: name)
      (facts.isSchedulable, facts.labels) = (isSchedulable, ["a": "b"])
      survey.add(node: name, system: "linux", joined: 0, images: [], facts: facts)
    }
    #expect(survey.nextPods().first?.nodes == (workload == .daemonSet ? 2 : 1))
  }

  @Test func pullsThatWarmedTheirNodesDoNotComeAgain() throws {
    var story = Story(nodes: 10, holding: ["docker.io/library/rolled:1": 10, "docker.io/library/joins:1": 10])
    story.starts("rolled:1", pulled: 10)
    story.starts("joins:1", pulled: 10, onNew: 10)
    #expect(try #require(story.usage("rolled:1")).coldChance == 0)
    #expect(abs(try #require(story.usage("joins:1")).coldChance - 10.0 / 12) < 1e-9)
    #expect(story.ranking.first?.reference == "joins:1")
  }

  @Test func aNextRevisionCountsBeforeItIsEverSeen() throws {
    var story = Story(nodes: 4, holding: ["docker.io/library/web:1": 4])
    story.starts("web:1", found: 3, pulled: 1, seconds: 20)
    story.survey.add(workload: "Deployment shop/web", images: ["web:2"], expected: 8)
    let next = try #require(story.usage("web:2"))
    #expect(next.startsPerHour == 8)
    #expect(next.coldChance == 1)
    #expect(next.isPullTimeGuessed && next.pullTime == .seconds(20))
    #expect(next.users == ["Deployment shop/web"])
    #expect(story.ranking.first == next)
  }

  @Test func unseenPullTimesFollowTheSize() throws {
    var story = Story(nodes: 2, holding: ["docker.io/library/a:1": 1])
    story.survey.add(node: "linux-3", system: "linux", joined: 0, images: [(["docker.io/library/b:1"], 400_000_000)])
    story.starts("a:1", pulled: 2, seconds: 5)
    story.survey.add(UsageSurvey.Pod(node: "linux-3", uses: [.init(image: "b:1", isThere: true)], isNew: true))
    // 100 MB in 5 s is 20 MB/s.
    #expect(try #require(story.usage("b:1")).pullTime == .seconds(20))
    #expect(try #require(story.usage("b:1")).startsPerHour == 1)
  }

  @Test func oneImageIsOneHoweverItIsWritten() throws {
    var story = Story(nodes: 2, holding: ["docker.io/library/nginx:latest": 2])
    for (number, text) in ["nginx", "docker.io/nginx:latest", "docker.io/library/nginx:latest"].enumerated() {
      story.survey.add(UsageSurvey.Pod(node: "linux-1", uses: [.init(image: text)], isNew: number > 0))
    }
    let usage = try #require(story.ranking.first)
    #expect(story.ranking.count == 1)
    #expect(usage.reference == "nginx" && usage.pods == 3 && usage.nodes == 2 && usage.startsPerHour == 2)
    let digest = "sha256:" + String(repeating: "a", count: 64)
    #expect(ImageKey("nginx:1@\(digest)") == ImageKey("docker.io/library/nginx@\(digest)"))
    #expect(ImageKey("No Image").name == "No Image")
  }

  @Test func windowsNodesCountForWhatRunsOnThem() throws {
    var story = Story(nodes: 3)
    story.survey.add(node: "win-1", system: "windows", joined: 0, images: [])
    story.survey.add(node: "win-2", system: "windows", joined: 0, images: [])
    story.survey.add(UsageSurvey.Pod(node: "win-1", uses: [.init(image: "iis:1", isThere: true)]))
    story.survey.add(UsageSurvey.Pod(node: "linux-1", uses: [.init(image: "web:1", isThere: true)]))
    story.survey.add(UsageSurvey.Pod(node: nil, uses: [.init(image: "next:1")]))
    let (iis, web, next) = (
      try #require(story.usage("iis:1")), try #require(story.usage("web:1")), try #require(story.usage("next:1"))
    )
    #expect(iis.eligibleNodes == 2 && iis.nodes == 1 && iis.canBeWarmed)
    #expect(web.eligibleNodes == 3 && web.canBeWarmed)
    #expect(next.eligibleNodes == 3 && next.canBeWarmed)
  }

  @Test func whatOnlyNodesHoldIsNotUsed() {
    var story = Story(nodes: 2, holding: ["docker.io/library/old:1": 2])
    #expect(story.ranking.isEmpty)
    story.survey.hold(UsageSurvey.Pod(node: "linux-1", uses: [.init(image: "warmed:1", isThere: true)]))
    story.survey.note("warmed:2", on: "linux-2", isUse: false)
    #expect(story.ranking.isEmpty)
    story.survey.add(UsageSurvey.Pod(node: nil, uses: [.init(image: "warmed:1")]))
    #expect(story.usage("warmed:1")?.nodes == 1)
  }

  @Test func podsThatWaitForABadImageAreCounted() throws {
    var story = Story(nodes: 1)
    story.survey.add(UsageSurvey.Pod(node: "linux-1", uses: [.init(image: "nosuch:1", isFailing: true)]))
    story.survey.add(
      UsageSurvey.Pod(node: "linux-1", uses: [.init(image: "nosuch:1", isFailing: true)], isLive: false))
    story.note("nosuch:1", .failed)
    let usage = try #require(story.usage("nosuch:1"))
    #expect(usage.failing == 1 && usage.pods == 1 && usage.seen.failed == 1 && usage.startsPerHour == 0)
  }

  @Test func whatIsGoneFromTheClusterIsKnownFromItsEvents() throws {
    var story = Story(nodes: 1)
    story.note("job:1", .pulled(pull: .seconds(3), wait: nil))
    let usage = try #require(story.usage("job:1"))
    #expect(usage.reference == "docker.io/library/job:1" && usage.startsPerHour == 1 && usage.pullTime == .seconds(3))
  }

  @Test func aNodeIsNewForTenMinutesAndOneThatIsGoneWasNew() {
    var survey = UsageSurvey()
    #expect(!survey.isNew("a", at: 100))
    survey.add(node: "a", system: "linux", joined: 1000, images: [])
    #expect(survey.isNew("a", at: 1500))
    #expect(!survey.isNew("a", at: 1700))
    #expect(survey.isNew("gone", at: 1700))
  }

  @Test func orderIsTotalWithoutAnyFigures() {
    var story = Story(nodes: 2)
    for name in ["c:1", "a:1", "b:1"] {
      story.survey.add(UsageSurvey.Pod(node: nil, uses: [.init(image: name)]))
    }
    story.survey.add(UsageSurvey.Pod(node: nil, uses: [.init(image: "b:1")]))
    #expect(story.ranking.map(\.reference) == ["b:1", "a:1", "c:1"])
    #expect(story.ranking.allSatisfy { $0.waitPerHour == .zero && $0.pullTime == nil })
  }
}
