import ImageModel
import Testing

@testable import Warming

@Suite("Refused images of a Prepull", .timeLimit(.minutes(1)))
struct RefusalsTests {
  private let one = NodeIndex(offset: 0)
  private let two = NodeIndex(offset: 1)
  private let denied = WarmFailure(code: "denied", detail: "", remedy: "")
  private var refusals = Refusals()

  @Test("What is refused is tried by one node, all others wait")
  mutating func probe() {
    #expect(refusals.mayTry(0, one) && !refusals.isRefused(0))
    refusals.refuse(0, denied, probeAt: .seconds(10))
    #expect(refusals.failure(of: 0) == denied && !refusals.mayTry(0, one) && refusals.mayTry(1, one))
    #expect(!refusals.isDue(0, at: .seconds(9)) && refusals.isDue(0, at: .seconds(10)))
    #expect(refusals.nextDue(after: .zero) == .seconds(10) && refusals.nextDue(after: .seconds(10)) == nil)
    refusals.setProber(one, of: 0, until: .seconds(70))
    #expect(refusals.mayTry(0, one) && !refusals.mayTry(0, two) && !refusals.isDue(0, at: .seconds(69)))
  }

  @Test("Each try that fails makes the wait longer")
  mutating func failures() {
    refusals.refuse(0, denied, probeAt: .zero)
    var waits: [Int] = []
    for _ in 0..<3 {
      refusals.setProber(one, of: 0, until: .seconds(60))
      let isOthers = refusals.probeFailed(0, on: two, at: .zero) { .seconds($0) }
      let isOwn = refusals.probeFailed(0, on: one, at: .zero) { tries in
        waits.append(tries)
        return .seconds(tries)
      }
      #expect(isOwn && !isOthers && refusals.prober(of: 0) == nil)
    }
    #expect(waits == [2, 3, 4] && refusals.nextDue(after: .zero) == .seconds(4))
  }

  @Test("A node that gets it lifts the refusal, and that is remembered")
  mutating func lift() {
    refusals.refuse(0, denied, probeAt: .zero)
    let (isLifted, isLiftedAgain) = (refusals.lift(0), refusals.lift(0))
    #expect(isLifted && !isLiftedAgain && refusals.wasLifted(0) && !refusals.isRefused(0))
  }

  @Test("A node that leaves gives its turn back, and an edited Prepull keeps what is known of its images")
  mutating func changes() {
    refusals.refuse(0, denied, probeAt: .zero)
    refusals.setProber(one, of: 0, until: .seconds(60))
    refusals.nodeLeft(two)
    #expect(refusals.prober(of: 0) == one)
    refusals.nodeLeft(one)
    #expect(refusals.prober(of: 0) == nil)
    _ = refusals.lift(0)
    refusals.refuse(1, denied, probeAt: .zero)
    var edited = Refusals()
    edited.carry(2, from: refusals, at: 1)
    edited.carry(3, from: refusals, at: 0)
    #expect(edited.isRefused(2) && edited.wasLifted(3) && !edited.isRefused(3))
  }
}
