import Networking
import Testing

@Suite("Limits of concurrency", .timeLimit(.minutes(1)))
struct ConcurrencyLimitTests {
  @Test("Waiting for a place ends at its time limit, and takes no place with it")
  func timeLimit() async throws {
    let limit = ConcurrencyLimit(1)
    let (ends, end) = AsyncStream<Void>.makeStream()
    let (begins, begin) = AsyncStream<Void>.makeStream()
    let holder = Task {
      try await limit.run {
        begin.finish()
        for await _ in ends {}
      }
    }
    for await _ in begins {}
    for _ in 0..<20 {
      await #expect(throws: TimeLimitReached.self) {
        try await limit.run(waitingAtMost: .milliseconds(5)) { Issue.record("there was no place") }
      }
    }
    // One that waits for longer than that gets its turn.
    let patient = Task { try await limit.run(waitingAtMost: .seconds(50)) { true } }
    end.finish()
    try await holder.value
    #expect(try await patient.value)
    #expect(try await limit.run(waitingAtMost: .milliseconds(5)) { true })
  }

  @Test("A cancelled wait ends, and takes no place with it")
  func cancelled() async throws {
    let limit = ConcurrencyLimit(1)
    try await limit.run {
      let waiting = Task { try await limit.run(waitingAtMost: .seconds(50)) {} }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
    }
    #expect(try await limit.run(waitingAtMost: .milliseconds(5)) { true })
  }
}
