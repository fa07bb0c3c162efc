/// Finds the header that an entry's content follows, in the blocks that libarchive was given.
struct TarHeader {
  private static let size = 512
  /// The last bytes of the stream before the current block.
  private var tail: [UInt8] = []
  private var block = UnsafeRawBufferPointer(start: nil, count: 0)
  private var start: Int64 = 0

  /// Takes note of a block, which stays where it is until the next one.
  mutating func add(_ next: UnsafeRawBufferPointer, at position: Int64) {
    // Before the first one is lost.
    tail = Array((tail + block.suffix(Self.size)).suffix(Self.size))
    block = next
    start = position
  }

  /// The letter of its type, if what ends there is a header.
  func letter(before position: Int64) -> UInt8? {
    let end = Int(position - start)
    guard end >= 0, end <= block.count, tail.count + end >= Self.size else { return nil }
    let missing = max(0, Self.size - end)
    let header = Array(tail.suffix(missing)) + block[max(0, end - Self.size)..<end]
    // The check sum counts its own eight bytes as spaces.
    let sum = header[..<148].reduce(256) { $0 + Int($1) } + header[156...].reduce(0) { $0 + Int($1) }
    let digits = header[148..<156].drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    guard Int(String(decoding: digits, as: UTF8.self), radix: 8) == sum else { return nil }
    return header[156]
  }
}
