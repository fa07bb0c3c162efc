import ImageModel
import Testing

@testable import Warming

@Suite("Backoff", .timeLimit(.minutes(1)))
struct BackoffTests {
  private let limits = FleetLimits()

  @Test("Each failure waits twice as long as the one before, up to a limit")
  func waits() {
    var backoff: Backoff<String>?
    var waits: [Duration] = []
    for _ in 0..<8 {
      backoff = Backoff("no room", after: backoff, at: .zero, wait: limits.wait)
      waits.append(backoff?.retryAt ?? .zero)
    }
    let expected = [30, 60, 120, 240, 480, 900, 900, 900].map { Duration.seconds($0) }
    #expect(waits == expected)
    #expect(backoff?.tries == 8)
  }

  @Test("It waits until its time has come; what is given up has no time")
  func time() {
    var backoff = Backoff("no room", after: nil, at: .seconds(10), wait: limits.wait)
    #expect(backoff.isWaiting(at: .seconds(39)))
    #expect(!backoff.isWaiting(at: .seconds(40)))
    backoff.postpone(to: .seconds(90))
    #expect(backoff.isWaiting(at: .seconds(89)) && backoff.tries == 1)
    backoff.giveUp()
    #expect(backoff.retryAt == nil && !backoff.isWaiting(at: .zero))
  }

  @Test("An image counts as failed after all retries, or after two failures that do not heal by themselves")
  func failure() {
    var plan = FleetPlan(generation: 1, images: [], createdAt: .zero)
    let failure = WarmFailure(code: "notFound", detail: "", remedy: "")
    func isFailure(_ nature: FailureNature, tries: Int) -> Bool {
      Backoff(reason: ImageFailure(failure: failure, nature: nature), tries: tries, retryAt: nil).isFailure(in: plan)
    }
    #expect(!isFailure(.passing, tries: 4) && isFailure(.passing, tries: 5))
    #expect(!isFailure(.final, tries: 1) && isFailure(.final, tries: 2))
    plan.retries = 1
    #expect(isFailure(.passing, tries: 1) && isFailure(.final, tries: 1))
  }
}
