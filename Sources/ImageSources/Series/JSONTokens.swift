/// Reads JSON as it comes, in pieces of any size, and tells each token: it keeps one text at a time, however long the
/// whole is.
///
/// Source: RFC 8259. It takes what servers send: numbers and words are not looked at closely.
struct JSONTokens {
  enum Token: Hashable { case objectBegins, objectEnds, arrayBegins, arrayEnds, key, string, number, word }

  struct Fault: Error, Hashable {
    let what: String
  }

  private enum State: Hashable {
    case value, valueOrEnd, key, keyOrEnd, colon, next, text, escape, unicode, bare, over
  }

  static let deepest = 32
  /// The longest text, in bytes.
  static let longest = 1 << 16

  private var state = State.value
  /// Whether each container that is open is an object.
  private var open: [Bool] = []
  private var isKey = false
  private var isNumber = false
  private var hexDigits = 0
  private var unit: UInt32 = 0
  private var high: UInt32?
  private var text: [UInt8] = []

  /// Whether a whole document was read.
  var isOver: Bool { state == .over }

  /// - Parameter handle: gets each token, with its text where it has one.
  mutating func feed<Bytes: Collection<UInt8>>(_ bytes: Bytes, _ handle: (Token, [UInt8]) throws -> Void) throws {
    let isRead: Void? = try bytes.withContiguousStorageIfAvailable { try read(UnsafeRawBufferPointer($0), handle) }
    if isRead == nil { try Array(bytes).withUnsafeBytes { try read($0, handle) } }
  }

  /// Most bytes are of texts: what has no end and no escape in it is taken at once.
  private mutating func read(_ bytes: UnsafeRawBufferPointer, _ handle: (Token, [UInt8]) throws -> Void) throws {
    var place = 0
    while place < bytes.count {
      if state == .text {
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\\") { place += 1 }
        if place > start {
          guard text.count + place - start <= Self.longest else {
            throw Fault(what: "a text of more than \(Self.longest >> 10) KiB")
          }
          if let lone = high { finish(lone) }
          text.append(contentsOf: bytes[start..<place])
          continue
        }
      }
      try step(bytes[place], handle)
      place += 1
    }
  }

  private mutating func step(_ byte: UInt8, _ handle: (Token, [UInt8]) throws -> Void) throws {
    switch state {
    case .text: try textGoesOn(byte, handle)
    case .escape: try escape(byte)
    case .unicode: try hexDigit(byte)
    case .bare:
      if Self.isBare(byte) {
        guard text.count < 64 else { throw Fault(what: "a number without end") }
        text.append(byte)
      } else {
        try handle(isNumber ? .number : .word, text)
        ended()
        try step(byte, handle)
      }
    case .over: guard Self.isSpace(byte) else { throw Fault(what: "more than one document") }
    default: if !Self.isSpace(byte) { try structure(byte, handle) }
    }
  }

  private mutating func structure(_ byte: UInt8, _ handle: (Token, [UInt8]) throws -> Void) throws {
    switch (state, byte) {
    case (.value, _), (.valueOrEnd, _):
      if state == .valueOrEnd, byte == UInt8(ascii: "]") { return try close(byte, handle) }
      try value(byte, handle)
    case (.keyOrEnd, UInt8(ascii: "}")): try close(byte, handle)
    case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")): beginText(isKey: true)
    case (.colon, UInt8(ascii: ":")): state = .value
    case (.next, UInt8(ascii: ",")): state = open.last == true ? .key : .value
    case (.next, UInt8(ascii: "}")), (.next, UInt8(ascii: "]")): try close(byte, handle)
    default: throw Fault(what: "something out of place")
    }
  }

  private mutating func value(_ byte: UInt8, _ handle: (Token, [UInt8]) throws -> Void) throws {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard open.count < Self.deepest else { throw Fault(what: "more than \(Self.deepest) levels") }
      let isObject = byte == UInt8(ascii: "{")
      open.append(isObject)
      state = isObject ? .keyOrEnd : .valueOrEnd
      try handle(isObject ? .objectBegins : .arrayBegins, [])
    case UInt8(ascii: "\""): beginText(isKey: false)
    default:
      guard Self.isBare(byte) else { throw Fault(what: "something out of place") }
      isNumber = byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte)
      text.removeAll(keepingCapacity: true)
      text.append(byte)
      state = .bare
    }
  }

  private mutating func close(_ byte: UInt8, _ handle: (Token, [UInt8]) throws -> Void) throws {
    guard let isObject = open.popLast(), isObject == (byte == UInt8(ascii: "}")) else {
      throw Fault(what: "something out of place")
    }
    try handle(isObject ? .objectEnds : .arrayEnds, [])
    ended()
  }

  private mutating func ended() { state = open.isEmpty ? .over : .next }

  // MARK: Texts

  private mutating func beginText(isKey: Bool) {
    self.isKey = isKey
    text.removeAll(keepingCapacity: true)
    high = nil
    state = .text
  }

  private mutating func textGoesOn(_ byte: UInt8, _ handle: (Token, [UInt8]) throws -> Void) throws {
    if byte == UInt8(ascii: "\\") {
      state = .escape
      return
    }
    if let lone = high { finish(lone) }
    try handle(isKey ? .key : .string, text)
    if isKey { state = .colon } else { ended() }
  }

  private mutating func escape(_ byte: UInt8) throws {
    if byte == UInt8(ascii: "u") {
      (hexDigits, unit, state) = (0, 0, .unicode)
      return
    }
    if let lone = high { finish(lone) }
    let plain: UInt8? =
      switch byte {
      case UInt8(ascii: "n"): 0x0a
      case UInt8(ascii: "t"): 0x09
      case UInt8(ascii: "r"): 0x0d
      case UInt8(ascii: "b"): 0x08
      case UInt8(ascii: "f"): 0x0c
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
      default: nil
      }
    guard let plain else { throw Fault(what: "an escape that is none") }
    text.append(plain)
    state = .text
  }

  private mutating func hexDigit(_ byte: UInt8) throws {
    let digit: UInt8? =
      switch byte {
      case 0x30...0x39: byte - 0x30
      case 0x41...0x46: byte - 0x41 + 10
      case 0x61...0x66: byte - 0x61 + 10
      default: nil
      }
    guard let digit else { throw Fault(what: "an escape that is none") }
    unit = unit << 4 | UInt32(digit)
    hexDigits += 1
    guard hexDigits == 4 else { return }
    state = .text
    if let first = high, (0xdc00...0xdfff).contains(unit) {
      high = nil
      append(0x10000 + (first - 0xd800) << 10 + (unit - 0xdc00))
    } else {
      if let lone = high { finish(lone) }
      if (0xd800...0xdbff).contains(unit) { high = unit } else { append(unit) }
    }
  }

  /// Half a pair stays alone.
  private mutating func finish(_ lone: UInt32) {
    high = nil
    append(lone)
  }

  private mutating func append(_ scalar: UInt32) {
    text += Array(String(UnicodeScalar(scalar) ?? "\u{fffd}").utf8)
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

  /// What numbers and words are made of.
  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
    default: false
    }
  }
}
