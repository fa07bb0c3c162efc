/// Why text is not JSON.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected or wrong.
  package let problem: String
  /// Bytes from the start.
  package let offset: Int

  package init(problem: String, offset: Int) {
    self.problem = problem
    self.offset = offset
  }

  package var description: String { "not JSON: \(problem) at byte \(offset)" }
}

extension JSON {
  /// Reads one JSON text, UTF-8 (RFC 8259). The last of equal keys wins, as Kubernetes' decoder has it, and bytes that
  /// are not UTF-8 become U+FFFD within a text, as Go has it.
  package init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
    let result = bytes.withContiguousStorageIfAvailable { buffer -> Result<JSON, JSONError> in
      var parser = Parser(bytes: buffer)
      do throws(JSONError) { return .success(try parser.document()) } catch { return .failure(error) }
    }
    if let result {
      self = try result.get()
    } else {
      try self.init(parsing: Array(bytes))
    }
  }

  package init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }
}

/// JSON values that stand one after the other, as jq and jsonnet print them.
package enum JSONStream {
  /// A value of the stream, and where it is.
  package struct Value: Hashable, Sendable {
    package let json: JSON
    /// Bytes from the start of the text.
    package let range: Range<Int>
    /// Keys that stand more than once in an object: each later one, with the place of it in the text.
    package let duplicates: [DuplicateKey]
  }

  /// A key that its object has already.
  package struct DuplicateKey: Hashable, Sendable {
    package let key: String
    /// Bytes from the start of the text.
    package let offset: Int
  }

  /// The value that begins at `offset`, whatever follows it.
  package static func value(
    in bytes: UnsafeBufferPointer<UInt8>, at offset: Int
  ) throws(JSONError) -> Value {
    var parser = Parser(bytes: bytes)
    parser.position = offset
    let json = try parser.value()
    return Value(json: json, range: offset..<parser.position, duplicates: parser.duplicates)
  }
}

/// A recursive descent over bytes.
private struct Parser {
  /// Deeper nesting is refused rather than risking the stack.
  static let maximumDepth = 256

  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  var depth = 0
  var duplicates: [JSONStream.DuplicateKey] = []

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> JSON {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw fault("unexpected text after the value") }
    return value
  }

  private func fault(_ problem: String) -> JSONError { JSONError(problem: problem, offset: position) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
  }

  mutating func value() throws(JSONError) -> JSON {
    skipSpace()
    guard position < bytes.count else { throw fault("unexpected end") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(_ body: (inout Parser) throws(JSONError) -> JSON) throws(JSONError) -> JSON {
    guard depth < Self.maximumDepth else { throw fault("nested deeper than \(Self.maximumDepth) levels") }
    depth += 1
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(JSONError) -> JSON {
    var members: [String: JSON] = [:]
    if takes(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw fault("expected a key") }
      let place = position
      let key = try string()
      guard takes(UInt8(ascii: ":")) else { throw fault("expected ':'") }
      if members.updateValue(try value(), forKey: key) != nil {
        duplicates.append(JSONStream.DuplicateKey(key: key, offset: place))
      }
      if takes(UInt8(ascii: ",")) { continue }
      if takes(UInt8(ascii: "}")) { return .object(members) }
      throw fault("expected ',' or '}'")
    }
  }

  private mutating func array() throws(JSONError) -> JSON {
    var elements: [JSON] = []
    if takes(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value())
      if takes(UInt8(ascii: ",")) { continue }
      if takes(UInt8(ascii: "]")) { return .array(elements) }
      throw fault("expected ',' or ']'")
    }
  }

  private mutating func takes(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count,
      (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
    else { throw fault("expected '\(word)'") }
    position += count
    return value
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    var isInteger = true
    func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
    func digits(_ index: inout Int) -> Bool {
      let first = index
      while isDigit(index) { index += 1 }
      return index > first
    }
    var index = position
    if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
    let leading = index
    guard digits(&index), bytes[leading] != UInt8(ascii: "0") || index == leading + 1 else {
      throw fault("expected a value")
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      isInteger = false
      guard digits(&index) else { throw fault("expected digits after '.'") }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      isInteger = false
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard digits(&index) else { throw fault("expected digits in the exponent") }
    }
    position = index
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("number out of range") }
    return .number(value)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
      case UInt8(ascii: "\\"): return try escapedString(from: start)
      case 0..<0x20: throw fault("unescaped control character")
      default: position += 1
      }
    }
    throw fault("unexpected end of a string")
  }

  /// The rest of a string that has escapes, from its first character on.
  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var text = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard position < bytes.count else { throw fault("unexpected end of a string") }
        let escape = bytes[position]
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(Character(try escapedScalar())).utf8))
        default: throw fault("unknown escape")
        }
      case 0..<0x20: throw fault("unescaped control character")
      default: text.append(byte)
      }
    }
    throw fault("unexpected end of a string")
  }

  /// The scalar of `\uXXXX`, of two of them for a surrogate pair; a lone surrogate becomes U+FFFD, as Go has it.
  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { return "\u{fffd}" }
    let before = position
    position += 2
    let second = try hexadecimal()
    guard (0xdc00..<0xe000).contains(second) else {
      position = before
      return "\u{fffd}"
    }
    return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
      bytes[position] != UInt8(ascii: "+")
    else { throw fault("expected four hexadecimal digits") }
    position += 4
    return value
  }
}
