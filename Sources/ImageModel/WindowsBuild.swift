/// A version of Windows as images and nodes state it: `10.0.20348.2159`, the last number being that of an update.
struct WindowsBuild: Comparable {
  let release: [Int]
  /// 17763 is Windows Server 2019, 20348 is 2022, 26100 is 2025.
  let number: Int
  let update: Int

  /// From this one on, later builds run images of earlier ones.
  static let firstStable = 20348

  /// Nil for what is no version.
  init?(_ text: String) {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard (3...4).contains(numbers.count), let major = numbers[0], let minor = numbers[1], let number = numbers[2]
    else {
      return nil
    }
    release = [major, minor]
    self.number = number
    update = numbers.count == 4 ? numbers[3] ?? 0 : 0
  }

  func isOf(_ other: WindowsBuild) -> Bool { release == other.release }
  func isSame(as other: WindowsBuild) -> Bool { isOf(other) && number == other.number }

  static func < (one: WindowsBuild, other: WindowsBuild) -> Bool {
    (one.release[0], one.release[1], one.number, one.update)
      < (other.release[0], other.release[1], other.number, other.update)
  }
}
