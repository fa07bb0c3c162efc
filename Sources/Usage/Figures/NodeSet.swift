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

  init() {}

  init(_ numbers: some Sequence<Int>) { for number in numbers { insert(number) } }

  func intersection(_ other: NodeSet) -> NodeSet {
    var result = NodeSet()
    result.words = zip(words, other.words).map { $0 & $1 }
    return result
  }

  func union(_ other: NodeSet) -> NodeSet {
    var result = words.count < other.words.count ? other : self
    for (word, bits) in (words.count < other.words.count ? words : other.words).enumerated() {
      result.words[word] |= bits
    }
    return result
  }

  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
