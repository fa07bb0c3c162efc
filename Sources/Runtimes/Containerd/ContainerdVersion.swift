/// `1.6.20~ds1`, `v1.7.24`, `2.1.9`, `v1.7.23-k3s2`: as far as it has numbers.
struct ContainerdVersion: Comparable {
  let major: Int
  let minor: Int
  let patch: Int

  init(_ major: Int, _ minor: Int, _ patch: Int) {
    (self.major, self.minor, self.patch) = (major, minor, patch)
  }

  init?(parsing text: String) {
    let parts = text.drop { !$0.isNumber }.split(separator: ".", maxSplits: 2)
    let numbers = parts.compactMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
    guard numbers.count == 3 else { return nil }
    self.init(numbers[0], numbers[1], numbers[2])
  }

  /// Pins came with these releases of each line.
  var hasPins: Bool {
    switch (major, minor) {
    case (1, 6): self >= Self(1, 6, 22)
    default: self >= Self(1, 7, 3)
    }
  }

  static func < (left: Self, right: Self) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }
}
