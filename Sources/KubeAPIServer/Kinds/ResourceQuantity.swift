package import Documents

/// An amount of a resource: `100m`, `1Gi`, `2`, `1e3`. Exact enough to compare and to add.
package struct ResourceQuantity: Hashable, Sendable, Comparable {
  package let value: Double

  package init(_ value: Double) { self.value = value }

  /// From a string or a number; nil when it is neither.
  package init?(_ json: JSON) {
    switch json {
    case .integer(let number): value = Double(number)
    case .number(let number): value = number
    case .string(let text):
      guard let number = Self.parse(text) else { return nil }
      value = number
    default: return nil
    }
  }

  package static func < (a: ResourceQuantity, b: ResourceQuantity) -> Bool { a.value < b.value }

  private static let suffixes: [String: Double] = [
    "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624,
    "Ei": 1_152_921_504_606_846_976,
  ]

  private static func parse(_ text: String) -> Double? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || "+-.".contains($0)) }
    guard let number = Double(digits) else { return nil }
    let suffix = String(text.dropFirst(digits.count))
    if let factor = suffixes[suffix] { return number * factor }
    guard suffix.first == "e" || suffix.first == "E" else { return nil }
    return Double(text)
  }
}
