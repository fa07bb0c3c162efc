/// A small seeded generator, so that tests have the same random data each time.
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(state: UInt64) {
    self.state = state
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      for start in stride(from: 0, to: count, by: 8) {
        withUnsafeBytes(of: next()) { word in
          for offset in 0..<min(8, count - start) { buffer[start + offset] = word[offset] }
        }
      }
      filled = count
    }
  }
}
