/// How the clocks of a time zone stand, and when they change.
package struct ZoneRules: Hashable, Sendable {
  /// `Europe/Berlin`.
  package let name: String
  /// Seconds since the Unix epoch, in order.
  private let transitions: [Int64]
  /// From each transition on, and before the first: seconds that the clocks are ahead of UTC.
  private let offsets: [Int64]
  private let first: Int64
  /// After the last transition.
  private let rule: ZoneFooter?

  package static let utc = ZoneRules(name: "UTC", transitions: [], offsets: [], first: 0, rule: nil)

  private init(name: String, transitions: [Int64], offsets: [Int64], first: Int64, rule: ZoneFooter?) {
    (self.name, self.transitions, self.offsets) = (name, transitions, offsets)
    (self.first, self.rule) = (first, rule)
  }

  /// Reads a file of zoneinfo.
  ///
  /// Source: RFC 8536, versions 2 to 4; what version 1 says comes first and is passed over.
  /// - Throws: `ZoneError` for what is no such file.
  package init(name: String, file bytes: [UInt8]) throws(ZoneError) {
    var reader = ZoneReader(bytes)
    let old = try reader.header()
    try reader.skip(old.length(timeSize: 4))
    let header = try reader.header()
    guard old.version >= 0x32 else { throw ZoneError("its file is of version 1, which is not read") }
    let transitions = try reader.numbers(header.transitions, bytes: 8)
    let kinds = try reader.numbers(header.transitions, bytes: 1)
    var types: [Int64] = []
    for _ in 0..<header.types {
      types.append(try reader.numbers(1, bytes: 4)[0])
      try reader.skip(2)
    }
    try reader.skip(header.letters + header.leaps * 12 + header.standards + header.universals)
    guard !types.isEmpty, kinds.allSatisfy({ types.indices.contains(Int($0)) }),
      zip(transitions, transitions.dropFirst()).allSatisfy(<)
    else { throw ZoneError("its file contradicts itself") }
    let footer = reader.footer
    self.init(
      name: name, transitions: transitions, offsets: kinds.map { types[Int($0)] }, first: types[0],
      rule: footer.isEmpty ? nil : try ZoneFooter(footer))
  }

  /// Seconds that the clocks are ahead of UTC.
  func offset(at time: Int64) -> Int64 {
    guard let last = transitions.last, time < last else { return rule?.offset(at: time) ?? offsets.last ?? first }
    // The first transition that is later.
    var (low, high) = (0, transitions.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] > time { high = middle } else { low = middle + 1 }
    }
    return low == 0 ? first : offsets[low - 1]
  }

  /// What the clocks show.
  func civil(_ time: Int64) -> CivilTime { CivilTime(seconds: time + offset(at: time)) }

  /// When the clocks show a time: once, or twice where they are put back. A time that is left out, as they are put
  /// forward, comes when they are.
  func instants(of civil: CivilTime) -> [Int64] {
    let local = civil.seconds
    // No clock is ever put by more than a day.
    let around = Set([-86_400, 0, 86_400].map { offset(at: local + $0) })
    let found = Set(around.map { local - $0 }.filter { offset(at: $0) + $0 == local }).sorted()
    guard found.isEmpty, let least = around.min(), let most = around.max() else { return found }
    var (before, after) = (local - most - 1, local - least + 1)
    let old = offset(at: before)
    while after - before > 1 {
      let middle = before + (after - before) / 2
      if offset(at: middle) == old { before = middle } else { after = middle }
    }
    return [after]
  }
}

/// A zone that cannot be had, as the end of a sentence about it.
package struct ZoneError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// The numbers of a file, each of the most significant byte first.
private struct ZoneReader {
  struct Header {
    var version: UInt8
    var universals, standards, leaps, transitions, types, letters: Int

    func length(timeSize: Int) -> Int {
      transitions * (timeSize + 1) + types * 6 + letters + leaps * (timeSize + 4) + standards + universals
    }
  }

  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func header() throws(ZoneError) -> Header {
    guard place + 44 <= bytes.count, Array(bytes[place..<place + 4]) == Array("TZif".utf8) else {
      throw ZoneError("its file is none of zoneinfo")
    }
    let version = bytes[place + 4]
    place += 20
    let counts = try numbers(6, bytes: 4).map(Int.init)
    guard counts.allSatisfy({ (0...100_000).contains($0) }) else { throw ZoneError("its file contradicts itself") }
    return Header(
      version: version, universals: counts[0], standards: counts[1], leaps: counts[2], transitions: counts[3],
      types: counts[4], letters: counts[5])
  }

  mutating func skip(_ count: Int) throws(ZoneError) {
    guard place + count <= bytes.count else { throw ZoneError("its file is cut off") }
    place += count
  }

  mutating func numbers(_ count: Int, bytes size: Int) throws(ZoneError) -> [Int64] {
    let start = place
    try skip(count * size)
    return (0..<count).map { index in
      let field = bytes[(start + index * size)..<(start + (index + 1) * size)]
      let number = field.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return switch size {
      case 4: Int64(Int32(truncatingIfNeeded: number))
      case 8: Int64(bitPattern: number)
      default: Int64(number)
      }
    }
  }

  /// The line at the end.
  var footer: String {
    let line = bytes[place...].drop { $0 == UInt8(ascii: "\n") }.prefix { $0 != UInt8(ascii: "\n") }
    return String(decoding: line, as: UTF8.self)
  }
}
