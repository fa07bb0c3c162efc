/// Which versions are wanted, as Helm, Flux and npm write it: `>=1.4 <2`, `^1.2`, `~1.2.3`, `1.x`, `1.2 - 1.4`, and `||`
/// between alternatives.
///
/// As with Helm and Flux, pre-releases are wanted only where an alternative names one: `>=1.4-0`.
struct VersionRange: Hashable, Sendable {
  struct Fault: Error, Hashable, CustomStringConvertible {
    let description: String
  }

  /// From `least` on and below `end`.
  fileprivate struct Interval: Hashable, Sendable {
    var least: SemanticVersion?
    var end: SemanticVersion?
    /// Whether the end itself belongs to it.
    var includesEnd = false
    var excludesLeast = false

    func contains(_ version: SemanticVersion) -> Bool {
      if let least, version < least || excludesLeast && version == least { return false }
      guard let end else { return true }
      return version < end || includesEnd && version == end
    }
  }

  fileprivate struct Alternative: Hashable, Sendable {
    var wanted: [Interval] = []
    var unwanted: [Interval] = []
    var hasPrerelease = false
  }

  private var alternatives: [Alternative] = []

  init(parsing text: String) throws(Fault) {
    for part in text.split("||") {
      var alternative = Alternative()
      for comparator in try Self.comparators(part) { try alternative.add(comparator) }
      alternatives.append(alternative)
    }
  }

  func contains(_ version: SemanticVersion) -> Bool {
    alternatives.contains { alternative in
      (version.prerelease.isEmpty || alternative.hasPrerelease)
        && alternative.wanted.allSatisfy { $0.contains(version) }
        && !alternative.unwanted.contains { $0.contains(version) }
    }
  }

  /// Operators with what they stand before, which spaces may part.
  private static func comparators(_ text: String) throws(Fault) -> [(sign: String, version: String)] {
    let words = text.split { $0 == " " || $0 == "," }.map(String.init)
    guard !words.isEmpty else { throw Fault(description: "an alternative is empty; write * for every version") }
    var all: [(String, String)] = []
    var sign = ""
    var index = 0
    while index < words.count {
      let word = words[index]
      index += 1
      if word == "-" {
        guard sign.isEmpty, let from = all.popLast(), from.0.isEmpty, index < words.count else {
          throw Fault(description: "a range is written with both ends: 1.2 - 1.4")
        }
        all += [(">=", from.1), ("<=", words[index])]
        index += 1
        continue
      }
      let operators = String(word.prefix { "<>=!~^".contains($0) })
      let rest = String(word.dropFirst(operators.count))
      sign += operators
      if rest.isEmpty { continue }
      all.append((sign, rest))
      sign = ""
    }
    guard sign.isEmpty else { throw Fault(description: "'\(sign)' has no version behind it") }
    return all
  }
}

extension VersionRange.Alternative {
  fileprivate mutating func add(_ comparator: (sign: String, version: String)) throws(VersionRange.Fault) {
    guard let partial = PartialVersion(comparator.version) else {
      throw VersionRange.Fault(
        description: "'\(comparator.version)' is no version; write for example >=1.4 <2, ^1.2 or ~1.2.3")
    }
    if partial.isPrerelease { hasPrerelease = true }
    typealias Interval = VersionRange.Interval
    switch comparator.sign {
    case "", "=", "==": wanted.append(Interval(least: partial.least, end: partial.next, includesEnd: partial.isWhole))
    case "!=": unwanted.append(Interval(least: partial.least, end: partial.next, includesEnd: partial.isWhole))
    case ">=", "=>": wanted.append(Interval(least: partial.least))
    case "<": wanted.append(Interval(end: partial.least))
    case ">":
      wanted.append(
        partial.isWhole ? Interval(least: partial.least, excludesLeast: true) : Interval(least: partial.next))
    case "<=", "=<": wanted.append(Interval(end: partial.next, includesEnd: partial.isWhole))
    case "~", "~>": wanted.append(Interval(least: partial.least, end: partial.endOfTilde))
    case "^": wanted.append(Interval(least: partial.least, end: partial.endOfCaret))
    default: throw VersionRange.Fault(description: "'\(comparator.sign)' is no operator; there are = != > >= < <= ~ ^")
    }
  }
}

/// A version of which the last numbers may be missing, or an `x` or `*`.
private struct PartialVersion {
  /// Up to three.
  private var numbers: [Int] = []
  private var prerelease: [SemanticVersion.Identifier] = []

  init?(_ text: String) {
    let bare = text.hasPrefix("v") ? text.dropFirst() : text[...]
    let parts = bare.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let words = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard words.count <= 3 else { return nil }
    var isOpen = false
    for word in words {
      if ["x", "X", "*"].contains(word) {
        isOpen = true
      } else {
        guard !isOpen, let number = SemanticVersion.number(word) else { return nil }
        numbers.append(number)
      }
    }
    if parts.count == 2 {
      guard !isOpen, let identifiers = SemanticVersion.identifiers(parts[1]) else { return nil }
      prerelease = identifiers
    }
  }

  var isPrerelease: Bool { !prerelease.isEmpty }
  var isWhole: Bool { numbers.count == 3 }

  private func number(_ index: Int) -> Int { index < numbers.count ? numbers[index] : 0 }

  var least: SemanticVersion { SemanticVersion(number(0), number(1), number(2), prerelease: prerelease) }

  /// The version itself where it is whole, else the first behind all that it stands for; nil where that is everything.
  var next: SemanticVersion? { isWhole ? least : after(numbers.count - 1) }

  /// `~1.2.3` and `~1.2` end before 1.3, `~1` before 2.
  var endOfTilde: SemanticVersion? { after(min(numbers.count - 1, 1)) }

  /// The first number that is not zero may not change.
  var endOfCaret: SemanticVersion? {
    after(numbers.firstIndex { $0 != 0 } ?? numbers.count - 1)
  }

  /// The first version in which the number at `index` is higher.
  private func after(_ index: Int) -> SemanticVersion? {
    switch index {
    case 0: SemanticVersion(number(0) + 1, 0, 0)
    case 1: SemanticVersion(number(0), number(1) + 1, 0)
    case 2: SemanticVersion(number(0), number(1), number(2) + 1)
    default: nil
    }
  }
}

extension String {
  /// The parts between a text.
  fileprivate func split(_ separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
