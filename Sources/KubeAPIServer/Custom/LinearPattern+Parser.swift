extension LinearPattern {
  /// A recursive descent over a pattern's characters.
  struct Parser {
    indirect enum Tree: Sendable {
      case scalars([ClosedRange<UInt32>], isNegated: Bool)
      case start
      case end
      case sequence([Tree])
      case choice([Tree])
      case repeated(Tree, least: Int, most: Int?)
    }

    private let scalars: [UInt32]
    private var index = 0
    private var depth = 0
    private var ignoresCase = false
    private var isDotAll = false

    init(_ scalars: [UInt32]) { self.scalars = scalars }

    private var next: Character? {
      guard index < scalars.count, let scalar = Unicode.Scalar(scalars[index]) else { return nil }
      return Character(scalar)
    }

    private mutating func takes(_ character: Character) -> Bool {
      guard next == character else { return false }
      index += 1
      return true
    }

    mutating func pattern() throws(Fault) -> Tree {
      let tree = try choice()
      guard index == scalars.count else { throw Fault(problem: "unexpected ): `\(rest)`") }
      return tree
    }

    private var rest: String { String(String.UnicodeScalarView(scalars[index...].compactMap(Unicode.Scalar.init))) }

    private mutating func choice() throws(Fault) -> Tree {
      depth += 1
      defer { depth -= 1 }
      guard depth < 200 else { throw Fault(problem: "expression nests too deeply") }
      var branches = [try sequence()]
      while takes("|") { branches.append(try sequence()) }
      return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(Fault) -> Tree {
      var parts: [Tree] = []
      while let character = next, character != "|", character != ")" { parts.append(try repeated()) }
      return .sequence(parts)
    }

    private mutating func repeated() throws(Fault) -> Tree {
      var tree = try single()
      while let character = next {
        switch character {
        case "*": tree = .repeated(tree, least: 0, most: nil)
        case "+": tree = .repeated(tree, least: 1, most: nil)
        case "?": tree = .repeated(tree, least: 0, most: 1)
        case "{":
          guard let (least, most) = bounds() else { return tree }
          guard least <= 1000, (most ?? 0) <= 1000, most.map({ $0 >= least }) ?? true else {
            throw Fault(problem: "invalid repeat count")
          }
          tree = .repeated(tree, least: least, most: most)
          index -= 1
        default: return tree
        }
        index += 1
        // As few as possible or as many: whether it fits is the same.
        _ = takes("?")
      }
      return tree
    }

    /// `{2}`, `{2,}` or `{2,5}`; nil, and nothing taken, for braces that are no bounds.
    private mutating func bounds() -> (Int, Int?)? {
      let start = index
      index += 1
      let least = number()
      let hasComma = takes(",")
      let most = number()
      guard let least, takes("}") else {
        index = start
        return nil
      }
      return (least, hasComma ? most : least)
    }

    private mutating func number() -> Int? {
      var digits = ""
      while let character = next, character.isASCII, character.isNumber, digits.count < 6 {
        digits.append(character)
        index += 1
      }
      return Int(digits)
    }

    private mutating func single() throws(Fault) -> Tree {
      guard let character = next else { throw Fault(problem: "missing argument") }
      switch character {
      case "(": return try group()
      case "[": return try set()
      case ".":
        index += 1
        return .scalars(isDotAll ? [] : [0x0a...0x0a], isNegated: true)
      case "^":
        index += 1
        return .start
      case "$":
        index += 1
        return .end
      case "*", "+", "?": throw Fault(problem: "missing argument to repetition operator: `\(character)`")
      case "\\":
        index += 1
        if takes("A") { return .start }
        if takes("z") { return .end }
        return try escaped()
      default:
        index += 1
        return literal(scalars[index - 1])
      }
    }

    private func literal(_ scalar: UInt32) -> Tree { .scalars(cases([scalar...scalar]), isNegated: false) }

    /// With the other case of letters of ASCII, where case does not matter.
    private func cases(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
      guard ignoresCase else { return ranges }
      return ranges.flatMap { range in
        [range]
          + [(0x61...0x7a, -0x20), (0x41...0x5a, 0x20)].compactMap {
            (letters: ClosedRange<UInt32>, shift: Int) -> ClosedRange<UInt32>? in
            guard range.overlaps(letters) else { return nil }
            let part = range.clamped(to: letters)
            return UInt32(Int(part.lowerBound) + shift)...UInt32(Int(part.upperBound) + shift)
          }
      }
    }

    private mutating func group() throws(Fault) -> Tree {
      index += 1
      if takes("?") {
        if takes("P") || next == "<" {
          while let character = next, character != ">" { index += 1 }
          guard takes(">") else { throw Fault(problem: "invalid named capture") }
        } else {
          while let character = next, "ismU".contains(character) {
            if character == "i" { ignoresCase = true }
            if character == "s" { isDotAll = true }
            index += 1
          }
          if takes(")") { return .sequence([]) }
          guard takes(":") else { throw Fault(problem: "invalid or unsupported Perl syntax") }
        }
      }
      let tree = try choice()
      guard takes(")") else { throw Fault(problem: "missing closing )") }
      return tree
    }

    private mutating func escaped() throws(Fault) -> Tree {
      guard let character = next else { throw Fault(problem: "trailing backslash at end of expression") }
      if character.isASCII, let ranges = Self.classes[Character(character.lowercased())] {
        index += 1
        return .scalars(ranges, isNegated: character.isUppercase)
      }
      return literal(try scalar())
    }

    private static let classes: [Character: [ClosedRange<UInt32>]] = [
      "d": [0x30...0x39], "w": [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a],
      "s": [0x09...0x0a, 0x0c...0x0d, 0x20...0x20],
    ]

    /// A character after a backslash.
    private mutating func scalar() throws(Fault) -> UInt32 {
      let character = next ?? "\\"
      let value = index < scalars.count ? scalars[index] : 0
      index += 1
      switch character {
      case "n": return 0x0a
      case "r": return 0x0d
      case "t": return 0x09
      case "f": return 0x0c
      case "v": return 0x0b
      case "a": return 0x07
      case "x":
        let isLong = takes("{")
        var digits = ""
        while let digit = next, digit.isHexDigit, digits.count < (isLong ? 8 : 2) {
          digits.append(digit)
          index += 1
        }
        guard let value = UInt32(digits, radix: 16), !isLong || takes("}") else {
          throw Fault(problem: "invalid escape sequence")
        }
        return value
      default:
        guard !character.isLetter, !character.isNumber else {
          throw Fault(problem: "invalid escape sequence: `\\\(character)`")
        }
        return value
      }
    }

    private mutating func set() throws(Fault) -> Tree {
      index += 1
      let isNegated = takes("^")
      var ranges: [ClosedRange<UInt32>] = []
      var isFirst = true
      while isFirst || next != "]" {
        isFirst = false
        guard let character = next else { throw Fault(problem: "missing closing ]") }
        if character == "\\" {
          index += 1
          if let name = next, let known = Self.classes[name] {
            index += 1
            ranges += known
            continue
          }
          index -= 1
        }
        let low = try member()
        guard next == "-", index + 1 < scalars.count, scalars[index + 1] != 0x5d else {
          ranges.append(low...low)
          continue
        }
        index += 1
        let high = try member()
        guard low <= high else { throw Fault(problem: "invalid character class range") }
        ranges.append(low...high)
      }
      index += 1
      return .scalars(cases(ranges), isNegated: isNegated)
    }

    private mutating func member() throws(Fault) -> UInt32 {
      if takes("\\") { return try scalar() }
      guard index < scalars.count else { throw Fault(problem: "missing closing ]") }
      index += 1
      return scalars[index - 1]
    }
  }
}
