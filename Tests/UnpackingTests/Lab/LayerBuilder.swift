import Foundation

/// A tar archive, with whatever a layer may say, right or wrong.
struct LayerBuilder {
  enum Format { case ustar, gnu, pax }

  var format = Format.pax
  private(set) var bytes: [UInt8] = []

  /// The archive with the blocks that end it.
  var archive: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  init(_ format: Format = .pax) { self.format = format }

  /// - Parameters:
  ///   - type: the letter of its header: 0 file, 1 hard link, 2 link, 3 and 4 devices, 5 folder, 6 fifo.
  ///   - size: what the header says; else how long the content is.
  ///   - records: of the pax header before it.
  mutating func add(
    _ name: [UInt8], _ type: Character = "0", content: [UInt8] = [], link: [UInt8] = [], mode: Int = 0o644,
    user: Int = 0, group: Int = 0, time: Int = 1_700_000_000, device: (Int, Int) = (0, 0), size: Int? = nil,
    records: [(String, [UInt8])] = []
  ) {
    var records = records
    if name.count > 100 || link.count > 100 {
      if format == .gnu {
        if link.count > 100 { block("././@LongLink", "K", link + [0]) }
        if name.count > 100 { block("././@LongLink", "L", name + [0]) }
      } else {
        if name.count > 100 { records.append(("path", name)) }
        if link.count > 100 { records.append(("linkpath", link)) }
      }
    }
    if !records.isEmpty { block("PaxHeaders/x", "x", records.flatMap { Self.record($0.0, $0.1) }) }
    var header = Header(name: name, type: type, size: size ?? content.count, time: time, isGNU: format == .gnu)
    header.put(link.prefix(100), at: 157)
    header.octal(mode, at: 100, digits: 7)
    header.number(user, at: 108, size: 8)
    header.number(group, at: 116, size: 8)
    header.octal(device.0, at: 329, digits: 7)
    header.octal(device.1, at: 337, digits: 7)
    append(header, content)
  }

  mutating func add(
    _ name: String, _ type: Character = "0", content: String = "", link: String = "", mode: Int = 0o644,
    user: Int = 0, group: Int = 0, time: Int = 1_700_000_000, device: (Int, Int) = (0, 0), size: Int? = nil,
    records: [(String, [UInt8])] = []
  ) {
    add(
      Array(name.utf8), type, content: Array(content.utf8), link: Array(link.utf8), mode: mode, user: user,
      group: group, time: time, device: device, size: size, records: records)
  }

  mutating func folder(_ name: String, mode: Int = 0o755, user: Int = 0, group: Int = 0, time: Int = 1_600_000_000) {
    add(name, "5", mode: mode, user: user, group: group, time: time)
  }

  mutating func raw(_ more: [UInt8]) { bytes += more }

  /// A record of a pax header: its own length counts its own digits.
  static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + [10]
    var length = rest.count + 1
    while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
    return Array(String(length).utf8) + rest
  }

  /// A header that speaks of the next one.
  mutating func block(_ name: String, _ type: Character, _ content: [UInt8]) {
    append(Header(name: Array(name.utf8), type: type, size: content.count, time: 0, isGNU: format == .gnu), content)
  }

  private mutating func append(_ header: Header, _ content: [UInt8]) {
    bytes += header.sealed + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
}

private struct Header {
  private var bytes = [UInt8](repeating: 0, count: 512)

  init(name: [UInt8], type: Character, size: Int, time: Int, isGNU: Bool) {
    put(name.prefix(100), at: 0)
    octal(0o644, at: 100, digits: 7)
    octal(0, at: 108, digits: 7)
    octal(0, at: 116, digits: 7)
    number(size, at: 124, size: 12)
    number(time, at: 136, size: 12)
    put(type.utf8, at: 156)
    put(isGNU ? "ustar  \0".utf8 : "ustar\u{0}00".utf8, at: 257)
  }

  mutating func put(_ value: some Sequence<UInt8>, at offset: Int) {
    for (index, byte) in value.enumerated() { bytes[offset + index] = byte }
  }

  mutating func octal(_ value: Int, at offset: Int, digits: Int) {
    let text = String(value, radix: 8)
    put((String(repeating: "0", count: max(0, digits - text.count)) + text + "\0").utf8, at: offset)
  }

  /// Octal where it fits, else binary, which GNU tar began with.
  mutating func number(_ value: Int, at offset: Int, size: Int) {
    if value >= 0, value < 1 << (3 * (size - 1)) { return octal(value, at: offset, digits: size - 1) }
    for index in 0..<size {
      let shift = 8 * (size - 1 - index)
      bytes[offset + index] = shift < 64 ? UInt8(truncatingIfNeeded: value >> shift) : value < 0 ? 0xff : 0
    }
    bytes[offset] |= 0x80
  }

  /// With its check sum.
  var sealed: [UInt8] {
    var header = self
    header.put(repeatElement(UInt8(ascii: " "), count: 8), at: 148)
    let sum = header.bytes.reduce(0) { $0 + Int($1) }
    header.octal(sum, at: 148, digits: 6)
    header.bytes[155] = UInt8(ascii: " ")
    return header.bytes
  }
}
