/// The form of a time in image documents, as Go's `time.Time` reads it.
enum RFC3339 {
  /// `2024-05-06T07:08:09.5+02:00`: letters in upper case, a zone, and no leap second.
  static func isTime(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let form = Array("0000-00-00T00:00:00".utf8)
    guard bytes.count > form.count, fits(bytes[..<form.count], form) else { return false }
    func number(_ start: Int, _ count: Int) -> Int {
      bytes[start..<start + count].reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }
    let (year, month) = (number(0, 4), number(5, 2))
    guard (1...12).contains(month), (1...days(in: month, of: year)).contains(number(8, 2)),
      number(11, 2) < 24, number(14, 2) < 60, number(17, 2) < 60
    else { return false }
    return isZone(afterFraction(bytes[form.count...]))
  }

  /// `0` in a form stands for a digit, anything else for itself.
  private static func fits(_ bytes: ArraySlice<UInt8>, _ form: [UInt8]) -> Bool {
    bytes.count == form.count
      && zip(bytes, form).allSatisfy { $1 == UInt8(ascii: "0") ? (0x30...0x39).contains($0) : $0 == $1 }
  }

  private static func afterFraction(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let point = rest.first, point == UInt8(ascii: ".") || point == UInt8(ascii: ",") else { return rest }
    let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
    return digits.isEmpty ? rest : rest[digits.endIndex...]
  }

  private static func isZone(_ rest: ArraySlice<UInt8>) -> Bool {
    if rest.elementsEqual([UInt8(ascii: "Z")]) { return true }
    return fits(rest, Array("+00:00".utf8)) || fits(rest, Array("-00:00".utf8))
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
