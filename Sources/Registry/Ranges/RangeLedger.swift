/// Which bytes of a blob have come, while several connections each fetch a part of it.
struct RangeLedger: Sendable {
  struct Part: Hashable, Sendable {
    let number: Int
    /// The first byte that is missing.
    let start: Int64
    let end: Int64
  }

  let size: Int64
  private let partBytes: Int64
  /// Where each part has come to.
  private var reached: [Int64] = []
  /// The first part that nobody has taken.
  private var next = 0
  /// Parts before this one are whole.
  private var firstOpen = 0
  /// Bytes of all parts that have come.
  private(set) var received: Int64 = 0

  /// - Parameters:
  ///   - partBytes: the size of every part but the last.
  ///   - ranges: bytes that are there already, in order. Of a part counts what it has from its beginning on.
  init(size: Int64, partBytes: Int64, having ranges: [Range<Int64>] = []) {
    self.size = size
    self.partBytes = max(1, partBytes)
    var rest = ranges[...]
    reached = (0..<count).map { number in
      let (start, end) = (Int64(number) * self.partBytes, end(of: number))
      while let range = rest.first, range.upperBound <= start { rest = rest.dropFirst() }
      guard let range = rest.first, range.lowerBound <= start else { return start }
      return min(range.upperBound, end)
    }
    received = reached.indices.reduce(0) { $0 + reached[$1] - Int64($1) * self.partBytes }
    skipWhole()
  }

  var count: Int { Int((size + partBytes - 1) / partBytes) }

  /// The next part that nobody has, in the order of the bytes.
  mutating func take() -> Part? {
    while next < count {
      defer { next += 1 }
      if reached[next] < end(of: next) {
        return Part(number: next, start: reached[next], end: end(of: next))
      }
    }
    return nil
  }

  /// So many more bytes of a part have come, in the part's own order.
  mutating func advance(_ part: Part, by bytes: Int64) {
    reached[part.number] += bytes
    received += bytes
    skipWhole()
  }

  /// All bytes before this one are there.
  var inOrder: Int64 {
    firstOpen < count ? reached[firstOpen] : size
  }

  private mutating func skipWhole() {
    while firstOpen < count, reached[firstOpen] == end(of: firstOpen) { firstOpen += 1 }
  }

  private func end(of number: Int) -> Int64 { min(size, Int64(number + 1) * partBytes) }
}
