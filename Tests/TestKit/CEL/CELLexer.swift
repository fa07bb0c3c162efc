/// The words of an expression.
struct CELLexer {
  enum Token: Hashable {
    case name(String)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case sign(String)
    case end

    var text: String {
      switch self {
      case .name(let text), .sign(let text): text
      case .int(let value): "\(value)"
      case .uint(let value): "\(value)u"
      case .double(let value): "\(value)"
      case .string(let text): "\"\(text)\""
      case .end: "<EOF>"
      }
    }
  }

  private static let signs = [
    "&&", "||", "==", "!=", "<=", ">=", "?", ":", "!", "<", ">", "+", "-", "*", "/", "%", ".", ",", "(", ")", "[", "]",
    "{", "}",
  ]

  private let characters: [Character]
  private var position = 0

  init(_ text: String) { characters = Array(text) }

  static func tokens(of text: String) throws(CELError) -> [(token: Token, offset: Int)] {
    var lexer = CELLexer(text)
    var tokens: [(Token, Int)] = []
    while true {
      lexer.skipSpace()
      let offset = lexer.position
      let token = try lexer.next()
      tokens.append((token, offset))
      if token == .end { return tokens }
    }
  }

  private var current: Character? { position < characters.count ? characters[position] : nil }

  private func peek(_ distance: Int) -> Character? {
    position + distance < characters.count ? characters[position + distance] : nil
  }

  private func startsHere(_ text: String) -> Bool { characters[position...].starts(with: text) }

  private mutating func skipSpace() {
    while let character = current {
      if character.isWhitespace {
        position += 1
      } else if startsHere("//") {
        while let character = current, !character.isNewline { position += 1 }
      } else {
        return
      }
    }
  }

  private mutating func next() throws(CELError) -> Token {
    guard let character = current else { return .end }
    if character == "'" || character == "\"" { return .string(try string(isRaw: false)) }
    if "rR".contains(character), let quote = peek(1), quote == "'" || quote == "\"" {
      position += 1
      return .string(try string(isRaw: true))
    }
    if Self.isDigit(character) || (character == "." && peek(1).map(Self.isDigit) ?? false) { return try number() }
    if Self.isLetter(character) {
      let start = position
      while let character = current, Self.isLetter(character) || Self.isDigit(character) { position += 1 }
      return .name(String(characters[start..<position]))
    }
    guard let sign = Self.signs.first(where: startsHere) else {
      throw CELError(problem: "Syntax error: token recognition error at: '\(character)'", offset: position)
    }
    position += sign.count
    return .sign(sign)
  }

  private static func isLetter(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character == "_")
  }

  private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }

  private mutating func number() throws(CELError) -> Token {
    let start = position
    func fault() -> CELError { CELError(problem: "invalid int literal", offset: start) }
    if current == "0", peek(1) == "x" {
      position += 2
      let digits = characters[position...].prefix { $0.isHexDigit }
      position += digits.count
      guard let value = Int64(String(digits), radix: 16) else { throw fault() }
      return .int(value)
    }
    var isDouble = false
    while let character = current {
      if Self.isDigit(character) {
        position += 1
      } else if character == ".", !isDouble, peek(1).map(Self.isDigit) ?? false {
        isDouble = true
        position += 1
      } else if character == "e" || character == "E" {
        isDouble = true
        position += peek(1) == "-" || peek(1) == "+" ? 2 : 1
      } else {
        break
      }
    }
    let text = String(characters[start..<position])
    if isDouble {
      guard let value = Double(text) else { throw fault() }
      return .double(value)
    }
    if current == "u" || current == "U" {
      position += 1
      guard let value = UInt64(text) else { throw fault() }
      return .uint(value)
    }
    guard let value = Int64(text) else { throw fault() }
    return .int(value)
  }

  private mutating func string(isRaw: Bool) throws(CELError) -> String {
    let start = position
    guard let quote = current else { throw CELError(problem: "Syntax error: unexpected end", offset: start) }
    let isTriple = peek(1) == quote && peek(2) == quote
    let end = String(repeating: quote, count: isTriple ? 3 : 1)
    position += end.count
    var text = ""
    while let character = current {
      if startsHere(end) {
        position += end.count
        return text
      }
      if character.isNewline, !isTriple { break }
      position += 1
      if character == "\\", !isRaw {
        text.unicodeScalars.append(try escape(from: start))
      } else {
        text.append(character)
      }
    }
    throw CELError(problem: "Syntax error: token recognition error at: '\(quote)\(text)'", offset: start)
  }

  private mutating func escape(from start: Int) throws(CELError) -> Unicode.Scalar {
    let plain: [Character: Unicode.Scalar] = [
      "n": "\n", "t": "\t", "r": "\r", "a": "\u{7}", "b": "\u{8}", "f": "\u{c}", "v": "\u{b}", "\\": "\\", "'": "'",
      "\"": "\"", "`": "`", "?": "?",
    ]
    let lengths: [Character: Int] = ["x": 2, "X": 2, "u": 4, "U": 8]
    guard let character = current else { throw CELError(problem: "Syntax error: unexpected end", offset: start) }
    position += 1
    if let scalar = plain[character] { return scalar }
    if let length = lengths[character] {
      let digits = String(characters[position...].prefix(length))
      position += digits.count
      if digits.count == length, let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) { return scalar }
    }
    throw CELError(problem: "Syntax error: invalid escape in a string", offset: start)
  }
}
