/// Which bytes of a blob have come, while several connections each fetch a part of it.
struct RangeLedger: Sendable {
  struct Part: Hashable, Sendable {
    let number: Int
    let start: Int64
    let end: Int64
  }

  let size: Int64
  private let partBytes: Int64
  /// Where each part has come to; a part that nobody took yet is not in it.
  private var reached: [Int64] = []
  /// Parts before this one are whole.
  private var firstOpen = 0
  /// Bytes of all parts that have come.
  private(set) var received: Int64 = 0

  /// - Parameter partBytes: the size of every part but the last.
  init(size: Int64, partBytes: Int64) {
    self.size = size
    self.partBytes = max(1, partBytes)
  }

  var count: Int { Int((size + partBytes - 1) / partBytes) }

  /// The next part that nobody has, in the order of the bytes.
  mutating func take() -> Part? {
    guard reached.count < count else { return nil }
    let part = part(reached.count)
    reached.append(part.start)
    return part
  }

  /// So many more bytes of a part have come, in the part's own order.
  mutating func advance(_ part: Part, by bytes: Int64) {
    reached[part.number] += bytes
    received += bytes
    while firstOpen < reached.count, reached[firstOpen] == self.part(firstOpen).end { firstOpen += 1 }
  }

  /// All bytes before this one are there.
  var inOrder: Int64 {
    guard firstOpen < reached.count else { return min(size, Int64(firstOpen) * partBytes) }
    return reached[firstOpen]
  }

  private func part(_ number: Int) -> Part {
    Part(
      number: number, start: Int64(number) * partBytes, end: min(size, Int64(number + 1) * partBytes))
  }
}
