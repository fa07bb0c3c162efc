import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(2))) struct RangeLedgerTests {
  @Test func partsCoverTheBlob() {
    var ledger = RangeLedger(size: 25, partBytes: 10)
    #expect(ledger.count == 3)
    let parts = [ledger.take(), ledger.take(), ledger.take(), ledger.take()].map { $0.map { [$0.start, $0.end] } }
    #expect(parts == [[0, 10], [10, 20], [20, 25], nil])
  }

  @Test func tellsHowFarThereIsNoGap() throws {
    var ledger = RangeLedger(size: 25, partBytes: 10)
    let parts = [ledger.take(), ledger.take()]
    let (first, second) = (try #require(parts[0]), try #require(parts[1]))
    ledger.advance(second, by: 10)
    #expect(ledger.inOrder == 0 && ledger.received == 10)
    ledger.advance(first, by: 4)
    #expect(ledger.inOrder == 4 && ledger.received == 14)
    ledger.advance(first, by: 6)
    #expect(ledger.inOrder == 20)
    let rest = ledger.take()
    let third = try #require(rest)
    #expect(ledger.inOrder == 20)
    ledger.advance(third, by: 5)
    #expect(ledger.inOrder == 25 && ledger.received == 25)
  }

  @Test(
    "What is there is not asked for again",
    arguments: [
      ([], [[0, 10], [10, 20], [20, 25]], 0, 0), ([0..<25], [], 25, 25), ([0..<10], [[10, 20], [20, 25]], 10, 10),
      ([0..<14], [[14, 20], [20, 25]], 14, 14), ([10..<20], [[0, 10], [20, 25]], 0, 10),
      ([3..<20], [[0, 10], [20, 25]], 0, 10), ([0..<4, 10..<13, 20..<25], [[4, 10], [13, 20]], 4, 12),
      ([0..<4, 6..<12, 24..<25], [[4, 10], [12, 20], [20, 25]], 4, 6),
    ] as [([Range<Int64>], [[Int64]], Int64, Int64)])
  func goesOn(_ ranges: [Range<Int64>], _ expected: [[Int64]], _ inOrder: Int64, _ received: Int64) {
    var ledger = RangeLedger(size: 25, partBytes: 10, having: ranges)
    #expect(ledger.inOrder == inOrder && ledger.received == received)
    var parts: [RangeLedger.Part] = []
    while let part = ledger.take() { parts.append(part) }
    #expect(parts.map { [$0.start, $0.end] } == expected)
    for part in parts.reversed() { ledger.advance(part, by: part.end - part.start) }
    #expect(ledger.inOrder == 25 && ledger.received == 25)
  }

  /// Whatever the order in which bytes come.
  @Test func anyOrder() {
    for seed in 0..<50 {
      var random = Numbers(state: UInt64(seed))
      let size = Int64.random(in: 1...500, using: &random)
      var ledger = RangeLedger(size: size, partBytes: Int64.random(in: 1...90, using: &random))
      var open: [(part: RangeLedger.Part, done: Int64)] = []
      var bytes = [Bool](repeating: false, count: Int(size))
      while ledger.received < size {
        if open.isEmpty || Bool.random(using: &random), let part = ledger.take() { open.append((part, 0)) }
        guard let index = open.indices.randomElement(using: &random) else { continue }
        let (part, done) = open[index]
        let count = Int64.random(in: 1...(part.end - part.start - done), using: &random)
        for byte in part.start + done..<part.start + done + count { bytes[Int(byte)] = true }
        ledger.advance(part, by: count)
        open[index].done += count
        if part.start + done + count == part.end { open.remove(at: index) }
        #expect(ledger.inOrder == Int64(bytes.firstIndex(of: false) ?? bytes.count), "seed \(seed)")
      }
    }
  }
}

/// Numbers that are the same for the same seed.
private struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
