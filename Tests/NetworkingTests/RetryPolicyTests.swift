import Networking
import Testing

@Suite("Retry policy", .timeLimit(.minutes(10)))
struct RetryPolicyTests {
  private let policy = RetryPolicy(attempts: 5, base: .seconds(1), factor: 2, cap: .seconds(3), jitter: 0.5)

  @Test func growsAndStaysUnderTheCap() {
    let waits = (2...5).map { policy.delay(before: $0, random: 1) }
    #expect(waits == [.seconds(1), .seconds(2), .seconds(3), .seconds(3)])
  }

  @Test func givesUp() {
    #expect(policy.delay(before: 6, random: 0) == nil)
    #expect(RetryPolicy.never.delay(before: 2, random: 0) == nil)
  }

  @Test func jitterTakesItsShare() {
    #expect(policy.delay(before: 2, random: 0) == .milliseconds(500))
    #expect(policy.delay(before: 3, random: 0) == .seconds(1))
  }

  @Test func whatTheServerAsksIsNeverUndercut() {
    #expect(policy.delay(before: 2, serverAsks: .seconds(60), random: 0) == .seconds(60))
    #expect(policy.delay(before: 4, serverAsks: .milliseconds(1), random: 1) == .seconds(3))
  }

  @Test func manyAttemptsDoNotOverflow() {
    let patient = RetryPolicy(attempts: 10_000, base: .seconds(1), factor: 10, cap: .seconds(30), jitter: 0)
    #expect(patient.delay(before: 9_999, random: 0) == .seconds(30))
  }
}
