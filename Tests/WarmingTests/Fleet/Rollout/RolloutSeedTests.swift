@testable import Warming
import ImageModel
import Testing

@Suite("A plan that comes to an end: seeds", .timeLimit(.minutes(2)))
struct RolloutSeedTests {
  private static func story(
    seeds: Int, images: Int = 1, _ change: (inout RolloutStory.Settings) -> Void = { _ in }
  ) -> RolloutStory {
    RolloutStory(images: images) {
      $0.seeds = seeds
      change(&$0)
    }
  }

  private static func waits(_ story: RolloutStory) -> [Int] {
    story.actions.compactMap { if case .rollout(.seedWait(let wait)) = $0 { wait?.nodes ?? 0 } else { nil } }
  }

  @Test("Seeds first, then twice as many; and who waits is told")
  func growth() {
    var story = Self.story(seeds: 1)
    story.want("a", "b", "c", "d", "e", "f", "g", "h")
    #expect(story.created == ["a"])
    #expect(Self.waits(story).last == 7)
    story.image(on: "a", RolloutStory.held)
    #expect(story.created == ["a", "b", "c"])
    story.image(on: "b", RolloutStory.held)
    story.image(on: "c", RolloutStory.held)
    #expect(story.created.count == 7)
    for node in ["d", "e", "f", "g", "h"] { story.image(on: node, RolloutStory.held) }
    #expect(story.machine.isRolloutFinished)
    #expect(Self.waits(story).last == 0)
    #expect(story.coverage.isWarm)
  }

  @Test("A bad image is found by the seeds, and the others say so without a try of theirs")
  func badImage() {
    var story = Self.story(seeds: 2) { $0.rules.finalTries = 1 }
    story.want("a", "b", "c", "d")
    #expect(story.created == ["a", "b"])
    story.image(on: "a", RolloutStory.failing())
    #expect(!story.machine.isRolloutFinished, "the second seed may get it")
    story.image(on: "b", RolloutStory.failing())
    #expect(story.created == ["a", "b"])
    #expect(story.machine.isRolloutFinished)
    #expect(story.outcomes.values.allSatisfy { $0 == .incomplete })
    let failures = story.coverage.column(3)
    guard case .failed(let failure)? = failures.first else { return #expect(Bool(false), "\(failures)") }
    #expect(failure.detail.hasPrefix("not tried, as it failed on the seeds a and 1 more: "))
    #expect(!failure.remedy.isEmpty)
  }

  @Test("A bad image does not keep the others from the nodes")
  func otherImage() {
    var story = Self.story(seeds: 1, images: 2) { $0.rules.finalTries = 1 }
    story.want("a", "b")
    story.image(0, on: "a", RolloutStory.failing())
    story.image(1, on: "a", RolloutStory.held)
    #expect(story.created == ["a", "b"])
    #expect(story.parts == [[0, 1], [1]])
    story.image(1, on: "b", RolloutStory.held)
    #expect(story.machine.isRolloutFinished)
  }

  @Test("A node that got what was there gives its place to others until seeds hold the rest")
  func waiting() {
    var story = Self.story(seeds: 1, images: 2)
    story.want("a", "b")
    story.image(0, on: "a", RolloutStory.held)
    #expect(story.parts == [[0, 1], [0]])
    story.image(0, on: "b", RolloutStory.held)
    #expect(story.actions.contains(.rollout(.nodeWaits("b"))))
    #expect(story.outcomes.isEmpty)
    story.image(1, on: "a", RolloutStory.held)
    #expect(story.parts == [[0, 1], [0], [1]])
    story.image(1, on: "b", part: 1, RolloutStory.held)
    #expect(story.machine.isRolloutFinished)
    #expect(story.coverage.isWarm)
  }

  @Test("A seed whose failure is its own, or that never runs, is replaced")
  func replaced() {
    var story = Self.story(seeds: 1)
    story.want("a", "b", "c")
    story.image(on: "a", RolloutStory.failing("noSpace", .local))
    #expect(story.created == ["a", "b"])
    story.tell(.podLost(story.pod("b"), reason: "OutOfpods"))
    #expect(story.created == ["a", "b", "c"])
  }

  @Test("Where seeds run out of time, the others do not wait for theirs one by one")
  func timeOut() {
    var story = Self.story(seeds: 1) { $0.nodeTimeout = .seconds(100) }
    story.want("a", "b", "c", "d", "e")
    for _ in 0..<400 where !story.machine.isRolloutFinished { story.tell(.tick, after: .seconds(1)) }
    #expect(story.machine.isRolloutFinished)
    #expect(story.created == ["a", "b"])
    #expect(story.outcomes["e"] == .incomplete)
  }

  @Test("Too many failures stop it although most nodes were never begun")
  func maxFailures() {
    var story = Self.story(seeds: 1) {
      $0.rules.finalTries = 1
      $0.rules.maxFailures = .nodes(1)
    }
    story.want("a", "b", "c", "d")
    story.image(on: "a", RolloutStory.failing())
    #expect(story.created == ["a"])
    #expect(story.machine.isRolloutFinished)
    #expect(story.machine.stopReason == .maxFailures(failed: 2))
  }
}
