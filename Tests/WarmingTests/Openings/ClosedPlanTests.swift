import Testing

@testable import Warming

@Suite("A plan outside of its windows", .timeLimit(.minutes(2)))
struct ClosedPlanTests {
  @Test("A run begins no node after its time; those at work end, and the others are not done")
  func late() {
    var story = RolloutStory {
      $0.parallelism = .nodes(1)
      $0.rules.notAfter = .seconds(60)
    }
    story.want("a", "b")
    #expect(story.created == ["a"])
    story.tell(.tick, after: .seconds(61))
    #expect(story.machine.stopReason == .late)
    #expect(story.created == ["a"] && !story.machine.isRolloutFinished)
    story.image(on: "a", RolloutStory.held)
    #expect(story.outcomes == ["a": .warm, "b": .notDone])
    #expect(story.machine.isRolloutFinished && story.created == ["a"])
  }
}
