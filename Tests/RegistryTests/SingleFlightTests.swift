import Synchronization
import TestKit
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(1)))
struct SingleFlightTests {
  /// An operation that counts its runs and ends on demand.
  private final class Gate: Sendable {
    let runs = Mutex(0)
    let cancelled = Mutex(false)
    private let stream: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    init() {
      (stream, opening) = AsyncStream.makeStream()
    }

    func open() { opening.finish() }

    func pass() async throws -> Int {
      let run = runs.withLock { runs in
        runs += 1
        return runs
      }
      for await _ in stream {}
      if Task.isCancelled {
        cancelled.withLock { $0 = true }
        throw CancellationError()
      }
      return run
    }
  }

  @Test func sharedResult() async throws {
    let flights = SingleFlight<String, Int>()
    let gate = Gate()
    let results = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<10 { group.addTask { try await flights.value(for: "a") { try await gate.pass() } } }
      try await eventually("a run") { gate.runs.withLock { $0 } > 0 }
      gate.open()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 10)
    #expect(results.contains(1))
    // A caller after its end starts it again.
    #expect(try await flights.value(for: "a") { 7 } == 7)
  }

  @Test func errorsAreShared() async {
    struct Broken: Error {}
    let flights = SingleFlight<String, Int>()
    await #expect(throws: Broken.self) { try await flights.value(for: "a") { throw Broken() } }
  }

  /// One of two waiters leaves: it leaves at once, the operation goes on for the other.
  @Test func oneLeaves() async throws {
    let flights = SingleFlight<String, Int>()
    let gate = Gate()
    let stays = Task { try await flights.value(for: "a") { try await gate.pass() } }
    try await eventually("a run") { gate.runs.withLock { $0 } > 0 }
    let leaves = Task { try await flights.value(for: "a") { try await gate.pass() } }
    leaves.cancel()
    await #expect(throws: CancellationError.self) { try await leaves.value }
    gate.open()
    #expect(try await stays.value == 1)
    #expect(gate.cancelled.withLock { $0 } == false)
  }

  @Test func allLeave() async throws {
    let flights = SingleFlight<String, Int>()
    let gate = Gate()
    let only = Task { try await flights.value(for: "a") { try await gate.pass() } }
    try await eventually("a run") { gate.runs.withLock { $0 } > 0 }
    only.cancel()
    await #expect(throws: CancellationError.self) { try await only.value }
    try await eventually("its cancellation") { gate.cancelled.withLock { $0 } }
    #expect(try await flights.value(for: "a") { 2 } == 2)
  }
}
