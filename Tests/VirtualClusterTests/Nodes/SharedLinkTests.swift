import Networking
import Synchronization
import Testing

@testable import VirtualCluster

/// Counts who is inside.
private final class Inside: Sendable {
  let count = Mutex((now: 0, most: 0, passed: 0))

  func enter() {
    count.withLock {
      $0.now += 1
      $0.most = max($0.most, $0.now)
    }
  }

  func leave() {
    count.withLock {
      $0.now -= 1
      $0.passed += 1
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct SharedLinkTests {
  /// Runs transfers at once; gives the time of each as the cluster counts it, in seconds.
  private func times(bandwidth: Int64?, _ transfers: [(bytes: Int64, rate: Int64)]) async throws -> [Double] {
    let pace = Pace(speed: 20)
    let link = SharedLink(bandwidth: bandwidth, pace: pace)
    return try await withThrowingTaskGroup(of: (Int, Double)?.self) { group in
      group.addTask {
        await link.run()
        return nil
      }
      let start = ContinuousClock.now
      for (number, transfer) in transfers.enumerated() {
        group.addTask {
          try await link.transfer(transfer.bytes, rate: transfer.rate)
          return (number, pace.elapsed(since: start) / .seconds(1))
        }
      }
      var result = [Double](repeating: 0, count: transfers.count)
      for _ in transfers { if let (number, time) = try await group.next() ?? nil { result[number] = time } }
      group.cancelAll()
      return result
    }
  }

  @Test func aTransferTakesWhatItsOwnLinkNeeds() async throws {
    let times = try await times(bandwidth: nil, [(1000, 500), (1000, 250)])
    // Never quicker than the link; how much slower depends on the machine.
    #expect(times[0] >= 1.9)
    #expect(times[1] >= 3.9)
  }

  @Test func allShareTheRegistry() async throws {
    let times = try await times(bandwidth: 400, [(400, 1000), (400, 1000), (400, 1000), (400, 1000)])
    #expect(times.allSatisfy { $0 >= 3.6 })
  }

  @Test func aCancelledTransferEnds() async throws {
    let link = SharedLink(bandwidth: nil, pace: Pace(speed: 1))
    async let _ = link.run()
    let transfer = Task { try await link.transfer(1 << 40, rate: 1) }
    transfer.cancel()
    await #expect(throws: CancellationError.self) { try await transfer.value }
    // Leaving the scope cancels it.
  }

  @Test func oneAtATimeInTheOrderOfArrival() async throws {
    let turnstile = ConcurrencyLimit(1)
    let inside = Inside()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          try await turnstile.run {
            inside.enter()
            await Task.yield()
            inside.leave()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(inside.count.withLock { $0.most } == 1)
    #expect(inside.count.withLock { $0.passed } == 50)
  }

  @Test func whoIsCancelledInTheQueueLeavesIt() async throws {
    let turnstile = ConcurrencyLimit(1)
    try await turnstile.run {
      let waiting = Task { try await turnstile.run {} }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
    }
    try await turnstile.run {}
  }

  @Test func transfersThatWereCancelledLeaveNothing() async throws {
    let link = SharedLink(bandwidth: nil, pace: Pace(speed: 1000))
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await link.run() }
      await withTaskGroup(of: Void.self) { transfers in
        for number in 0..<500 {
          transfers.addTask { try? await link.transfer(number % 2 == 0 ? 1 : 1 << 40, rate: 1_000_000) }
        }
        transfers.cancelAll()
      }
      #expect(link.load == 0)
      group.cancelAll()
    }
  }
}
