import ImageModel
import Registry
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(2))) struct PaceQueueTests {
  private let start = ContinuousClock.now
  private let layers = (UInt8(0)..<3).map { DigestVerifier.descriptor(of: [$0]).digest }

  /// All tickets with the time at which they were let go, in milliseconds.
  private func run(_ queue: inout PaceQueue, until end: Int, step: Int = 10) -> [(ticket: Int, at: Int)] {
    stride(from: 0, through: end, by: step).flatMap { time in
      queue.grant(at: start + .milliseconds(time)).map { ($0, time) }
    }
  }

  @Test func letsSoManyBytesThroughASecond() {
    var queue = PaceQueue(bytesPerSecond: 1000, now: start)
    for ticket in 0..<20 { queue.enter(ticket, 100, of: layers[0]) }
    let granted = run(&queue, until: 10_000)
    #expect(granted.map(\.ticket) == Array(0..<20))
    // The first may go at once, and each is paid for before the next one goes.
    #expect(granted.map(\.at) == (0..<20).map { $0 * 100 })
    #expect(queue.isEmpty && queue.delay == nil)
  }

  @Test func saysHowLongNobodyGoes() {
    var queue = PaceQueue(bytesPerSecond: 1000, now: start)
    queue.enter(0, 500, of: layers[0])
    queue.enter(1, 1, of: layers[0])
    #expect(queue.delay == .zero)
    #expect(queue.grant(at: start) == [0])
    #expect(queue.delay == .milliseconds(500))
    #expect(queue.grant(at: start + .milliseconds(499)) == [])
    #expect(queue.grant(at: start + .milliseconds(500)) == [1])
  }

  @Test func layersTakeTurns() {
    var queue = PaceQueue(bytesPerSecond: 1000, now: start)
    // Eight connections of one layer came before the others.
    for ticket in 0..<8 { queue.enter(ticket, 100, of: layers[0]) }
    for ticket in 10..<12 { queue.enter(ticket, 100, of: layers[1]) }
    queue.enter(20, 100, of: layers[2])
    #expect(run(&queue, until: 5000).map(\.ticket) == [0, 10, 20, 1, 11, 2, 3, 4, 5, 6, 7])
  }

  @Test func aPauseIsNoCreditForLong() {
    var queue = PaceQueue(bytesPerSecond: 1000, now: start)
    #expect(queue.grant(at: start + .seconds(60)) == [])
    for ticket in 0..<10 { queue.enter(ticket, 50, of: layers[0]) }
    // A tenth of a second: 100 bytes; and one that goes into debt.
    #expect(queue.grant(at: start + .seconds(60)) == [0, 1, 2])
  }

  @Test func theLimitCanBeChanged() {
    var queue = PaceQueue(bytesPerSecond: 1, now: start)
    for ticket in 0..<4 { queue.enter(ticket, 1000, of: layers[0]) }
    #expect(queue.grant(at: start) == [0])
    #expect(queue.delay == .seconds(1000))
    queue.limit(to: 1000, now: start)
    #expect(queue.delay == .seconds(1))
    #expect(queue.grant(at: start + .seconds(1)) == [1])
    queue.limit(to: nil, now: start + .seconds(1))
    #expect(queue.delay == .zero)
    #expect(queue.grant(at: start + .seconds(1)) == [2, 3])
    // What went without a limit is not paid back.
    queue.limit(to: 10, now: start + .seconds(1))
    queue.enter(4, 10, of: layers[0])
    #expect(queue.grant(at: start + .seconds(1)) == [4])
  }

  @Test func whoLeavesTakesNothing() {
    var queue = PaceQueue(bytesPerSecond: 1000, now: start)
    queue.enter(0, 100, of: layers[0])
    queue.enter(1, 1_000_000, of: layers[1])
    queue.enter(2, 100, of: layers[2])
    queue.leave(1)
    queue.leave(7)
    #expect(run(&queue, until: 100).map(\.ticket) == [0, 2])
    #expect(queue.isEmpty)
  }
}
