import Testing

@testable import VirtualCluster

@Suite(.timeLimit(.minutes(10))) struct EventCorrelatorTests {
  private func event(_ reason: String, _ message: String, _ path: String = "") -> EventCorrelator.Occurrence {
    .init(type: "Normal", reason: reason, message: message, fieldPath: path)
  }

  @Test func theSameEventCountsUp() {
    var correlator = EventCorrelator()
    #expect(correlator.note(event("BackOff", "x"), at: 0) == .create(message: "x", id: 0))
    #expect(correlator.note(event("BackOff", "x"), at: 1) == .update(message: "x", id: 0, count: 2))
    #expect(correlator.note(event("BackOff", "x", "spec.containers{a}"), at: 2) == .create(message: "x", id: 1))
    #expect(correlator.note(event("BackOff", "x"), at: 3) == .update(message: "x", id: 0, count: 3))
  }

  @Test func theTenthSimilarEventIsPutTogetherWithThoseAfterIt() {
    var correlator = EventCorrelator()
    for number in 0..<9 {
      #expect(correlator.note(event("Pulling", "\(number)"), at: 0) == .create(message: "\(number)", id: number))
    }
    #expect(
      correlator.note(event("Pulling", "9"), at: 0)
        == .create(message: "(combined from similar events): 9", id: 9))
    #expect(
      correlator.note(event("Pulling", "10"), at: 0)
        == .update(message: "(combined from similar events): 10", id: 9, count: 2))
    #expect(correlator.note(event("Pulled", "9"), at: 0) == .create(message: "9", id: 10))
    #expect(correlator.note(event("Pulling", "12"), at: 700) == .create(message: "12", id: 11))
  }

  @Test func ofManyEventsOnOneObjectMostAreDropped() {
    var correlator = EventCorrelator()
    var written = 0
    for container in 0..<20 {
      for reason in ["Pulling", "Pulled", "Created", "Started"] {
        if correlator.note(event(reason, "\(container)"), at: 1) != .drop { written += 1 }
      }
    }
    #expect(written == 25)
    #expect(correlator.note(event("Pulled", "late"), at: 200) == .drop)
    #expect(correlator.note(event("Pulled", "later"), at: 302) != .drop)
  }
}
