import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(2))) struct RangePeersTests {
  /// Runs one connection for each number of bytes, all at once, judges once, and tells which were cancelled.
  private func cancelled(_ bytes: [Int64], after ended: [Int64] = []) async throws -> [Int] {
    let peers = RangePeers(youth: .milliseconds(1))
    for count in ended { _ = try await peers.run { $0(count) } }
    return try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
      let (begun, begin) = AsyncStream.makeStream(of: Void.self)
      let (end, ending) = AsyncStream.makeStream(of: Void.self)
      for (number, count) in bytes.enumerated() {
        group.addTask {
          let isFast = try await peers.run { note in
            note(count)
            begin.yield()
            for await _ in end {}
            try Task.checkCancellation()
          }
          return (number, isFast)
        }
      }
      var begins = begun.makeAsyncIterator()
      for _ in bytes { await begins.next() }
      peers.judge(at: .now + .seconds(1))
      ending.finish()
      var slow: [Int] = []
      for try await (number, isFast) in group where !isFast { slow.append(number) }
      return slow.sorted()
    }
  }

  @Test func theOneThatLagsIsCancelled() async throws {
    #expect(try await cancelled([1000, 1100, 200, 900]) == [2])
    #expect(try await cancelled([1000, 1100, 300, 900]) == [])
  }

  @Test func twoAreTooFew() async throws { #expect(try await cancelled([1000, 1]) == []) }

  /// The rates of those that ended are far above: they took no time.
  @Test func theLastOneIsComparedWithThoseThatEnded() async throws {
    #expect(try await cancelled([1], after: [1_000_000, 1_000_000, 1_000_000]) == [0])
  }

  @Test func onlyOneAtATime() async throws {
    #expect(try await cancelled([5, 5, 4], after: [1_000_000, 1_000_000, 1_000_000, 1_000_000]) == [2])
  }
}
