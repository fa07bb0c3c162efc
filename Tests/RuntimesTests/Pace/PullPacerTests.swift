import ImageModel
import Registry
import TestKit
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(2))) struct PullPacerTests {
  private static let layer = DigestVerifier.descriptor(of: [1]).digest

  @Test func manyTogetherKeepTheLimit() async throws {
    let time = ManualClock()
    let pacer = PullPacer(bytesPerSecond: 1 << 20, clock: time.clock)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<5 { try await pacer.take(1 << 20, of: Self.layer) } }
      }
      try await group.waitForAll()
    }
    let passed = time.sleeps.reduce(Duration.zero, +)
    // 40 MiB at 1 MiB/s; the first goes at once.
    #expect((Duration.seconds(38)...Duration.seconds(40)).contains(passed), "\(passed)")
  }

  @Test func nobodyWaitsWithoutALimit() async throws {
    let time = ManualClock()
    let pacer = PullPacer(bytesPerSecond: nil, clock: time.clock)
    for _ in 0..<100 { try await pacer.take(1 << 30, of: Self.layer) }
    #expect(time.sleeps.isEmpty)
  }

  @Test func whoWaitsHeedsANewLimit() async throws {
    let pacer = PullPacer(bytesPerSecond: 1)
    try await pacer.take(1 << 30, of: Self.layer)
    let waiting = (0..<3).map { _ in Task { try await pacer.take(1 << 30, of: Self.layer) } }
    pacer.limit(to: nil)
    for task in waiting { try await task.value }
  }

  @Test func whoIsCancelledGoes() async throws {
    let pacer = PullPacer(bytesPerSecond: 1)
    try await pacer.take(1 << 40, of: Self.layer)
    let waiting = (0..<3).map { _ in Task { try await pacer.take(1, of: Self.layer) } }
    for task in waiting {
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    // The next one is not held up by them.
    pacer.limit(to: nil)
    try await pacer.take(1, of: Self.layer)
  }
}
