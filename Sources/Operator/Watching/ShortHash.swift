/// A hash that is the same in every process: FNV-1a of 64 bits. Not for what an enemy may choose.
struct ShortHash: Hashable, Sendable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ parts: String...) {
    for part in parts {
      for byte in part.utf8 { add(byte) }
      add(0)
    }
  }

  private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

  /// Characters that a name may have, without vowels, so that no word comes out.
  func text(_ count: Int) -> String {
    let letters = Array("bcdfghjklmnpqrstvwxz2456789")
    var rest = value ^ (value >> 29)
    return String(
      (0..<count).map { _ in
        defer { rest /= UInt64(letters.count) }
        return letters[Int(rest % UInt64(letters.count))]
      })
  }
}
