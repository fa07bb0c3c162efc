import Testing

@testable import Warming

@Suite("Checks of a node", .timeLimit(.minutes(1)))
struct NodeChecksTests {
  private let one = HeldImages.Key(image: ImageNumber(value: 1), access: AccessNumber(value: 0))
  private let two = HeldImages.Key(image: ImageNumber(value: 2), access: AccessNumber(value: 0))
  private var checks = NodeChecks()

  private func nextDue(at now: Duration = .zero) -> Duration? {
    checks.nextDue(every: .seconds(1000), hintInterval: .seconds(100), at: now)
  }

  @Test("A check is due a period after the last, and none while one runs")
  mutating func due() {
    #expect(nextDue() == nil, "nothing was proved")
    checks.proved(at: .seconds(10))
    checks.proved(at: .seconds(20))
    #expect(nextDue() == .seconds(1010))
    checks.begin([one, two], at: .seconds(1010))
    #expect(nextDue() == nil && checks.awaits(one) && checks.awaits(two))
  }

  @Test("A check ends when nothing is left that it has to find")
  mutating func end() {
    checks.begin([one, two], at: .zero)
    checks.found(one)
    let isOver = checks.retain(at: .seconds(5)) { _ in true }
    #expect(!isOver && !checks.awaits(one) && checks.awaits(two))
    let isOverThen = checks.retain(at: .seconds(9)) { _ in false }
    #expect(isOverThen && checks.verifiedAt == .seconds(9) && checks.unverified == nil)
    let isOverAgain = checks.retain(at: .seconds(10)) { _ in true }
    #expect(!isOverAgain && checks.verifiedAt == .seconds(9), "none ran")
  }

  @Test("A suspicion begins a check at once, but not one after the other")
  mutating func suspicion() {
    checks.proved(at: .zero)
    let (isNew, isNewAgain) = (checks.suspect(), checks.suspect())
    #expect(isNew && !isNewAgain && nextDue(at: .seconds(200)) == .seconds(200))
    checks.begin([one], at: .seconds(200))
    _ = checks.retain(at: .seconds(201)) { _ in false }
    #expect(nextDue(at: .seconds(210)) == .seconds(1201))
    _ = checks.suspect()
    #expect(nextDue(at: .seconds(210)) == .seconds(300))
  }

  @Test("What a node does not list any more is told apart from what a cut list leaves out")
  mutating func lists() {
    #expect(checks.listUpdated([one.image, two.image]).isEmpty)
    #expect(checks.listUpdated([two.image]) == [one.image])
    #expect(checks.listUpdated(nil).isEmpty)
    #expect(checks.listUpdated([]).isEmpty)
  }
}
