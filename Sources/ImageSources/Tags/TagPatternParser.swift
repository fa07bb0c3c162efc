/// What an expression is made of.
indirect enum TagPatternNode: Hashable, Sendable {
  case empty
  case one(TagPattern.Class)
  case begin, end
  case sequence([TagPatternNode])
  case choice([TagPatternNode])
  /// - Parameters:
  ///   - most: nil without an end.
  ///   - isLazy: takes as few as it can.
  case repeated(TagPatternNode, least: Int, most: Int?, isLazy: Bool)
  /// The first group, whose text is noted.
  case group(TagPatternNode)
}

/// Reads `^v?(\d+\.\d+)-alpine$`.
struct TagPatternParser {
  private let text: [UInt8]
  private var place = 0
  private var depth = 0
  private(set) var hasGroup = false

  private static let deepest = 50
  private static let mostRepeats = 200

  init(_ text: [UInt8]) { self.text = text }

  mutating func parse() throws(TagPattern.Fault) -> TagPatternNode {
    guard text.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
      throw fault("tags have no other characters than those of ASCII")
    }
    let node = try choice()
    guard place == text.count else { throw fault("a ) has no ( before it") }
    return node
  }

  private func fault(_ what: String) -> TagPattern.Fault {
    TagPattern.Fault(description: "\(what) (at character \(min(place, text.count) + 1))")
  }

  private var next: UInt8? { place < text.count ? text[place] : nil }

  private mutating func take(_ byte: Character) -> Bool {
    guard let code = byte.asciiValue, next == code else { return false }
    place += 1
    return true
  }

  private mutating func choice() throws(TagPattern.Fault) -> TagPatternNode {
    var options = [try sequence()]
    while take("|") { options.append(try sequence()) }
    return options.count == 1 ? options[0] : .choice(options)
  }

  private mutating func sequence() throws(TagPattern.Fault) -> TagPatternNode {
    var parts: [TagPatternNode] = []
    while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") { parts.append(try repetition()) }
    return parts.isEmpty ? .empty : .sequence(parts)
  }

  private mutating func repetition() throws(TagPattern.Fault) -> TagPatternNode {
    var node = try atom()
    while let bounds = try bounds() {
      if case .repeated = node { throw fault("two signs of repetition in a row") }
      node = .repeated(node, least: bounds.least, most: bounds.most, isLazy: take("?"))
    }
    return node
  }

  private mutating func bounds() throws(TagPattern.Fault) -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard take("{") else { return nil }
    let least = number()
    var most = least
    if take(",") { most = number() }
    guard let least, take("}"), least <= most ?? .max, max(least, most ?? 0) <= Self.mostRepeats else {
      throw fault("a repetition is written {2}, {2,} or {2,5}, up to \(Self.mostRepeats)")
    }
    return (least, most)
  }

  private mutating func number() -> Int? {
    var digits = ""
    while let byte = next, (0x30...0x39).contains(byte), digits.count < 5 {
      digits.append(Character(UnicodeScalar(byte)))
      place += 1
    }
    return Int(digits)
  }

  private mutating func atom() throws(TagPattern.Fault) -> TagPatternNode {
    guard let byte = next else { throw fault("the end came too early") }
    place += 1
    switch byte {
    case UInt8(ascii: "("): return try group()
    case UInt8(ascii: "["): return .one(try set())
    case UInt8(ascii: "."): return .one(TagPattern.Class().inverse)
    case UInt8(ascii: "^"): return .begin
    case UInt8(ascii: "$"): return .end
    case UInt8(ascii: "\\"): return .one(try escape())
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
      place -= 1
      throw fault("there is nothing to repeat")
    default: return .one(Self.single(byte))
    }
  }

  private mutating func group() throws(TagPattern.Fault) -> TagPatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw fault("more than \(Self.deepest) groups within each other") }
    var isNoted = !hasGroup
    if take("?") {
      if take(":") {
        isNoted = false
      } else {
        // (?P<version>…), (?<version>…)
        _ = take("P")
        guard take("<") else { throw fault("of groups there are (…), (?:…) and (?P<name>…)") }
        while let byte = next, byte != UInt8(ascii: ">") { place += byte == 0 ? 0 : 1 }
        guard take(">") else { throw fault("a name of a group has no end") }
      }
    }
    if isNoted { hasGroup = true }
    let node = try choice()
    guard take(")") else { throw fault("a ( has no ) behind it") }
    return isNoted ? .group(node) : node
  }

  private static func single(_ byte: UInt8) -> TagPattern.Class {
    var set = TagPattern.Class()
    set.insert(byte)
    return set
  }

  private mutating func escape() throws(TagPattern.Fault) -> TagPattern.Class {
    guard let byte = next else { throw fault("the end came too early") }
    place += 1
    if let set = Self.named(byte) { return set }
    let isLetter = (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
    guard !isLetter else { throw fault("of escapes there are \\d \\w \\s, \\D \\W \\S, and those of signs") }
    return Self.single(byte)
  }

  private static func named(_ byte: UInt8) -> TagPattern.Class? {
    var set = TagPattern.Class()
    switch byte | 0x20 {
    case UInt8(ascii: "d"): for code in UInt8(0x30)...0x39 { set.insert(code) }
    case UInt8(ascii: "s"): for code: UInt8 in [0x09, 0x0a, 0x0c, 0x0d, 0x20] { set.insert(code) }
    case UInt8(ascii: "w"):
      for code in UInt8(0)..<128 where code == UInt8(ascii: "_") || Character(UnicodeScalar(code)).isWordPart {
        set.insert(code)
      }
    default: return nil
    }
    guard (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) else { return nil }
    return byte & 0x20 == 0 ? set.inverse : set
  }

  private mutating func set() throws(TagPattern.Fault) -> TagPattern.Class {
    var set = TagPattern.Class()
    let isInverse = take("^")
    var isFirst = true
    while let byte = next, byte != UInt8(ascii: "]") || isFirst {
      isFirst = false
      place += 1
      if byte == UInt8(ascii: "\\") {
        set.formUnion(try escape())
        continue
      }
      guard next == UInt8(ascii: "-"), place + 1 < text.count, text[place + 1] != UInt8(ascii: "]") else {
        set.insert(byte)
        continue
      }
      let last = text[place + 1]
      place += 2
      guard last >= byte, last != UInt8(ascii: "\\") else { throw fault("a range goes from the lower to the higher") }
      for code in byte...last { set.insert(code) }
    }
    guard take("]") else { throw fault("a [ has no ] behind it") }
    return isInverse ? set.inverse : set
  }
}

extension Character {
  fileprivate var isWordPart: Bool { isASCII && (isLetter || isNumber) }
}

/// Makes a program of an expression.
struct TagPatternCompiler {
  private var program: [TagPattern.Instruction] = []

  mutating func program(of node: TagPatternNode) throws(TagPattern.Fault) -> [TagPattern.Instruction] {
    try add(node)
    try emit(.match)
    return program
  }

  private mutating func emit(_ instruction: TagPattern.Instruction) throws(TagPattern.Fault) {
    guard program.count < TagPattern.longestProgram else {
      throw TagPattern.Fault(description: "it repeats too much: write fewer or smaller {…}")
    }
    program.append(instruction)
  }

  private mutating func add(_ node: TagPatternNode) throws(TagPattern.Fault) {
    switch node {
    case .empty: break
    case .one(let set): try emit(.one(set))
    case .begin: try emit(.begin)
    case .end: try emit(.end)
    case .sequence(let parts): for part in parts { try add(part) }
    case .group(let part):
      try emit(.mark(0))
      try add(part)
      try emit(.mark(1))
    case .choice(let options):
      var ends: [Int] = []
      for option in options.dropLast() {
        let split = program.count
        try emit(.match)
        try add(option)
        ends.append(program.count)
        try emit(.match)
        program[split] = .split(split + 1, program.count)
      }
      if let last = options.last { try add(last) }
      for end in ends { program[end] = .jump(program.count) }
    case .repeated(let part, let least, let most, let isLazy):
      for _ in 0..<least { try add(part) }
      guard let most else { return try loop(part, isLazy) }
      var splits: [Int] = []
      for _ in least..<most {
        splits.append(program.count)
        try emit(.match)
        try add(part)
      }
      for split in splits { branch(at: split, to: split + 1, orTo: program.count, isLazy) }
    }
  }

  /// Any number of times.
  private mutating func loop(_ part: TagPatternNode, _ isLazy: Bool) throws(TagPattern.Fault) {
    let split = program.count
    try emit(.match)
    try add(part)
    try emit(.jump(split))
    branch(at: split, to: split + 1, orTo: program.count, isLazy)
  }

  private mutating func branch(at place: Int, to body: Int, orTo end: Int, _ isLazy: Bool) {
    program[place] = isLazy ? .split(end, body) : .split(body, end)
  }
}
