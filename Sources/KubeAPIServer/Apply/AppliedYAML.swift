import Documents

/// The body of an apply request as an API server reads it: with Go's sigs.k8s.io/yaml, which is YAML 1.1, whatever it
/// looks like. Only JSON is taken here; what JSON allows and YAML 1.1 does not, or reads otherwise, is so here, too:
///
/// - `\/` is an unknown escape, and so are halves of surrogate pairs (`\ud83d\ude00`);
/// - control characters, U+007F to U+009F, U+FFFE and U+FFFF are refused;
/// - U+0085, U+2028 and U+2029 are line breaks, which are folded;
/// - a key has at most 1,024 characters with its quotes.
///
/// Held against gopkg.in/yaml.v2 2.4 and sigs.k8s.io/yaml 1.3.
struct AppliedYAML {
  /// Why the reader gives up, as its error says.
  struct Fault: Error {
    let message: String
    /// From 0.
    let line: Int
  }

  private let bytes: ArraySlice<UInt8>
  private var index: Int
  private var line = 0
  private var output: [UInt8] = []

  /// - Throws: 400.
  static func read(_ body: [UInt8]) throws(StatusError) -> JSON {
    let json: JSON
    do {
      var reader = AppliedYAML(body)
      json = try JSON(parsing: try reader.translated())
    } catch let fault as Fault {
      throw .badRequest(
        "error decoding YAML: error converting YAML to JSON: yaml: "
          + (fault.line > 0 ? "line \(fault.line + 1): " : "") + fault.message)
    } catch {
      // A real server reads block style, too; clients of ours and kubectl send none.
      throw .badRequest(
        "error decoding YAML: error converting YAML to JSON: yaml: did not find expected ',' or '}' "
          + "(the sandbox reads apply configurations in JSON only: \(error))")
    }
    guard json.object != nil else {
      throw .badRequest(
        "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal \(json.goKind) "
          + "into Go value of type map[string]interface {}")
    }
    return json
  }

  private init(_ body: [UInt8]) {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    bytes = body.starts(with: mark) ? body.dropFirst(3) : body[...]
    index = bytes.startIndex
  }

  /// The same as JSON, with what YAML folds folded.
  private mutating func translated() throws(Fault) -> [UInt8] {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw fault("invalid leading UTF-8 octet", 0) }
    try checkCharacters()
    output.reserveCapacity(bytes.count)
    // Of keys there may be too long ones: a text that a colon follows.
    while index < bytes.endIndex {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        try text()
      } else {
        if byte == 0x0a { line += 1 }
        output.append(byte)
        index += 1
      }
    }
    return output
  }

  private func fault(_ message: String, _ line: Int) -> Fault { Fault(message: message, line: line) }

  private func checkCharacters() throws(Fault) {
    var previous: (UInt8, UInt8) = (0, 0)
    for byte in bytes {
      let isControl = byte < 0x20 && ![0x09, 0x0a, 0x0d].contains(byte) || byte == 0x7f
      let isLatin = previous.1 == 0xc2 && (0x80..<0xa0).contains(byte) && byte != 0x85
      let isNoCharacter = previous.0 == 0xef && previous.1 == 0xbf && byte >= 0xbe
      if isControl || isLatin || isNoCharacter { throw fault("control characters are not allowed", 0) }
      previous = (previous.1, byte)
    }
  }

  /// A text in double quotes.
  private mutating func text() throws(Fault) {
    let (start, begin) = (line, index)
    var length = 0
    output.append(bytes[index])
    index += 1
    while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
      if bytes[index] == UInt8(ascii: "\\") {
        try escape(start)
      } else if breakLength > 0 {
        fold()
      } else {
        output.append(bytes[index])
        index += 1
      }
    }
    guard index < bytes.endIndex else { throw fault("found unexpected end of stream", start) }
    output.append(bytes[index])
    index += 1
    for byte in bytes[begin..<index] where byte & 0xc0 != 0x80 { length += 1 }
    let isKey = bytes[index...].first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: ":")
    if isKey, length > 1024 { throw fault("did not find expected ',' or '}'", start) }
  }

  private mutating func escape(_ start: Int) throws(Fault) {
    let next = bytes.index(after: index)
    guard next < bytes.endIndex else { throw fault("found unexpected end of stream", start) }
    switch bytes[next] {
    case UInt8(ascii: "u"):
      let digits = String(decoding: bytes[next...].dropFirst().prefix(4), as: UTF8.self)
      guard digits.count == 4, let value = UInt32(digits, radix: 16), digits.first != "+" else {
        throw fault("did not find expected hexdecimal number", start)
      }
      if (0xd800...0xdfff).contains(value) { throw fault("found invalid Unicode character escape code", start) }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
      UInt8(ascii: "r"), UInt8(ascii: "t"):
      break
    default: throw fault("found unknown escape character", start)
    }
    output += bytes[index...next]
    index = next + 1
  }

  /// Bytes of the line break that is next, none for anything else.
  private var breakLength: Int {
    let rest = bytes[index...].prefix(3)
    switch rest.first {
    case 0x0a, 0x0d: return rest.starts(with: [0x0d, 0x0a]) ? 2 : 1
    case 0xc2: return rest.starts(with: [0xc2, 0x85]) ? 2 : 0
    case 0xe2: return rest.starts(with: [0xe2, 0x80, 0xa8]) || rest.starts(with: [0xe2, 0x80, 0xa9]) ? 3 : 0
    default: return 0
    }
  }

  /// Blanks around line breaks go; one break is a space, but for those of Unicode, which stay.
  private mutating func fold() {
    while let last = output.last, last == 0x20 || last == 0x09 { output.removeLast() }
    var breaks: [[UInt8]] = []
    while index < bytes.endIndex {
      let length = breakLength
      if length > 0 {
        breaks.append(length == 3 ? Array(bytes[index..<index + 3]) : Array("\\n".utf8))
        if length < 3 { line += 1 }
        index += length
      } else if bytes[index] == 0x20 || bytes[index] == 0x09 {
        index += 1
      } else {
        break
      }
    }
    let isPlain = breaks.first?.count == 2
    if isPlain, breaks.count == 1 { return output.append(0x20) }
    for piece in isPlain ? breaks.dropFirst() : breaks[...] { output += piece }
  }
}
