/// The text of a file that people wrote, in the encodings that kubectl takes.
package enum DocumentText {
  /// UTF-8, or UTF-16 where a byte order mark says so, as editors and shells of Windows write it; nil for anything else.
  ///
  /// A byte order mark in front is none of the text.
  package static func decode(_ bytes: some Collection<UInt8>) -> String? {
    let start = Array(bytes.prefix(3))
    if start == [0xef, 0xbb, 0xbf] { return String(validating: bytes.dropFirst(3), as: UTF8.self) }
    switch start.prefix(2) {
    case [0xff, 0xfe]: return utf16(bytes.dropFirst(2)) { UInt16($1) << 8 | UInt16($0) }
    case [0xfe, 0xff]: return utf16(bytes.dropFirst(2)) { UInt16($0) << 8 | UInt16($1) }
    default: return String(validating: bytes, as: UTF8.self)
    }
  }

  private static func utf16(_ bytes: some Collection<UInt8>, _ unit: (UInt8, UInt8) -> UInt16) -> String? {
    let bytes = Array(bytes)
    guard bytes.count.isMultiple(of: 2) else { return nil }
    return String(
      validating: stride(from: 0, to: bytes.count, by: 2).map { unit(bytes[$0], bytes[$0 + 1]) }, as: UTF16.self)
  }
}
