extension JSON {
  /// The value as compact JSON, UTF-8.
  ///
  /// - Parameter sorted: keys in their order, so that equal values give equal bytes.
  package func bytes(sorted: Bool = false) -> [UInt8] {
    var output: [UInt8] = []
    write(to: &output, sorted: sorted)
    return output
  }

  /// The value as compact JSON with sorted keys.
  package var text: String { String(decoding: bytes(sorted: true), as: UTF8.self) }

  package func write(to output: inout [UInt8], sorted: Bool = false) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): output.append(contentsOf: String(value).utf8)
    case .number(let value):
      // JSON knows no infinity; nothing of ours computes one.
      output.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
    case .string(let value): Self.write(value, to: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element.write(to: &output, sorted: sorted)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      var isFirst = true
      func member(_ key: String, _ value: JSON) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        Self.write(key, to: &output)
        output.append(UInt8(ascii: ":"))
        value.write(to: &output, sorted: sorted)
      }
      if sorted {
        for (key, value) in members.sorted(by: { $0.key < $1.key }) { member(key, value) }
      } else {
        for (key, value) in members { member(key, value) }
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static let hexadecimal = Array("0123456789abcdef".utf8)

  private static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      // What needs no escape goes over in one piece: nearly all text is one.
      var start = 0
      for (index, byte) in bytes.enumerated()
      where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        output.append(contentsOf: bytes[start..<index])
        start = index + 1
        escape(byte, to: &output)
      }
      output.append(contentsOf: bytes[start...])
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x0a: output.append(UInt8(ascii: "n"))
    case 0x0d: output.append(UInt8(ascii: "r"))
    case 0x09: output.append(UInt8(ascii: "t"))
    case 0..<0x20:
      output.append(contentsOf: "u00".utf8)
      output.append(hexadecimal[Int(byte >> 4)])
      output.append(hexadecimal[Int(byte & 15)])
    default: output.append(byte)
    }
  }
}
