import Testing

@testable import Warming

@Suite("Timers", .timeLimit(.minutes(1)))
struct TimersTests {
  private let node = Timers.Owner.node(NodeIndex(offset: 3))
  private let plan = Timers.Owner.plan(PlanIndex(offset: 3))
  private var timers = Timers()

  @Test("Nothing fires before its time, and each timer once, the earliest first")
  mutating func order() {
    timers.set(node, at: .seconds(20))
    timers.set(plan, at: .seconds(10))
    #expect(timers.nextDue == .seconds(10))
    #expect(timers.fire(at: .seconds(9)) == nil)
    #expect(timers.fire(at: .seconds(20)) == plan)
    #expect(timers.fire(at: .seconds(20)) == node)
    #expect(timers.fire(at: .seconds(100)) == nil)
    #expect(timers.nextDue == nil)
  }

  @Test("A timer that was moved fires at the new time only")
  mutating func moved() {
    timers.set(node, at: .seconds(10))
    timers.set(node, at: .seconds(30))
    #expect(timers.fire(at: .seconds(10)) == nil)
    #expect(timers.nextDue == .seconds(30))
    timers.set(node, at: .seconds(20))
    #expect(timers.fire(at: .seconds(25)) == node)
    #expect(timers.fire(at: .seconds(30)) == nil)
  }

  @Test("A timer that was taken away does not fire")
  mutating func takenAway() {
    timers.set(node, at: .seconds(10))
    timers.set(node, at: nil)
    #expect(timers.fire(at: .seconds(10)) == nil)
  }

  @Test("A timer that moves 10,000 times leaves few entries behind")
  mutating func outdated() {
    for second in 0..<10_000 { timers.set(node, at: .seconds(10_000 - second)) }
    #expect(timers.count < 200)
    #expect(timers.fire(at: .seconds(1)) == node)
    #expect(timers.fire(at: .seconds(10_000)) == nil)
  }
}
