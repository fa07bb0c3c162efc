/// A version as Semantic Versioning 2.0.0 has it, in the form of a tag: an optional `v`, three numbers, and perhaps a
/// pre-release (`1.4.0-rc.1`). Build metadata begins with a plus, which tags cannot have.
struct SemanticVersion: Hashable, Sendable {
  enum Identifier: Hashable, Sendable {
    case number(Int)
    case text(String)
  }

  var major: Int
  var minor: Int
  var patch: Int
  /// Empty for a release.
  var prerelease: [Identifier] = []

  init(_ major: Int, _ minor: Int, _ patch: Int, prerelease: [Identifier] = []) {
    (self.major, self.minor, self.patch) = (major, minor, patch)
    self.prerelease = prerelease
  }

  /// Nil for a text that is none: `1.4`, `latest`, `2024.05.01` (a zero in front).
  init?(_ text: some StringProtocol) {
    let bare = text.hasPrefix("v") ? text.dropFirst() : text[...]
    let parts = bare.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard numbers.count == 3, let major = Self.number(numbers[0]), let minor = Self.number(numbers[1]),
      let patch = Self.number(numbers[2])
    else { return nil }
    self.init(major, minor, patch)
    guard parts.count == 2 else { return }
    guard let identifiers = Self.identifiers(parts[1]) else { return nil }
    prerelease = identifiers
  }

  /// Without zeros in front; nil where it is no number, or one beyond reason.
  static func number(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.count == 1 || text.first != "0"
    else { return nil }
    return Int(text)
  }

  static func identifiers(_ text: some StringProtocol) -> [Identifier]? {
    var identifiers: [Identifier] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) {
      guard !part.isEmpty, part.utf8.allSatisfy({ $0 == 0x2d || Self.isAlphanumeric($0) }) else { return nil }
      if part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
        guard let number = number(part) else { return nil }
        identifiers.append(.number(number))
      } else {
        identifiers.append(.text(String(part)))
      }
    }
    return identifiers
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }
}

extension SemanticVersion: Comparable {
  /// Section 11: numbers by value, a pre-release before its release, identifiers one by one.
  static func < (one: SemanticVersion, other: SemanticVersion) -> Bool {
    let (left, right) = ((one.major, one.minor, one.patch), (other.major, other.minor, other.patch))
    if left != right { return left < right }
    if one.prerelease.isEmpty || other.prerelease.isEmpty { return !one.prerelease.isEmpty && other.prerelease.isEmpty }
    return one.prerelease.lexicographicallyPrecedes(other.prerelease)
  }
}

extension SemanticVersion.Identifier: Comparable {
  static func < (one: Self, other: Self) -> Bool {
    switch (one, other) {
    case (.number(let left), .number(let right)): left < right
    case (.number, .text): true
    case (.text, .number): false
    case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
    }
  }
}

extension SemanticVersion: CustomStringConvertible {
  var description: String {
    let rest = prerelease.map { identifier in
      switch identifier {
      case .number(let number): "\(number)"
      case .text(let text): text
      }
    }
    return "\(major).\(minor).\(patch)" + (rest.isEmpty ? "" : "-" + rest.joined(separator: "."))
  }
}
