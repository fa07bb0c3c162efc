/// A set of small numbers, a bit for each.
struct NodeSet: Hashable, Sendable {
  private var words: [UInt64] = []

  mutating func insert(_ number: Int) {
    let word = number / 64
    if word >= words.count { words += Array(repeating: 0, count: word + 1 - words.count) }
    words[word] |= 1 << UInt64(number % 64)
  }

  func contains(_ number: Int) -> Bool {
    let word = number / 64
    return word < words.count && words[word] & 1 << UInt64(number % 64) != 0
  }

  /// Keeps what another one has too.
  mutating func formIntersection(_ other: NodeSet) {
    for word in words.indices { words[word] &= word < other.words.count ? other.words[word] : 0 }
  }

  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
