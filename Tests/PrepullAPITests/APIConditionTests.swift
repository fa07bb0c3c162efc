@testable import PrepullAPI
import Testing

@Suite("API: conditions", .timeLimit(.minutes(10))) struct APIConditionTests {
  @Test("The time of transition is that of the status, not of reason and message")
  func transition() {
    var conditions: [APICondition] = []
    func set(_ type: String, _ status: APICondition.Status, _ reason: String, _ generation: Int64, _ time: String) {
      conditions.set(type, status, reason: reason, message: "m", observedGeneration: generation, at: time)
    }
    set("Ready", .no, "Pulling", 1, "t1")
    set("Degraded", .no, "AsExpected", 1, "t1")
    set("Ready", .no, "Waiting", 2, "t2")
    #expect(conditions.map(\.type) == ["Ready", "Degraded"])
    #expect(conditions["Ready"]?.lastTransitionTime == "t1")
    #expect(conditions["Ready"]?.reason == "Waiting")
    #expect(conditions["Ready"]?.observedGeneration == 2)
    set("Ready", .yes, "Warm", 2, "t3")
    #expect(conditions["Ready"]?.lastTransitionTime == "t3")
    #expect(conditions["Ready"]?.isTrue == true)
    #expect(conditions["Gone"] == nil)
    let before = conditions
    set("Ready", .yes, "Warm", 2, "t4")
    #expect(conditions == before)
  }

  @Test("A message stays within what the API takes")
  func longMessage() {
    var conditions: [APICondition] = []
    conditions.set(
      "Ready", .unknown, reason: "R", message: String(repeating: "ä", count: 40_000), observedGeneration: nil, at: "t")
    #expect(conditions[0].message.utf8.count < 4096)
    #expect(conditions[0].message.hasSuffix("…"))
  }
}
