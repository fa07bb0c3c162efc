/// The text of a file that people wrote, in the encodings that kubectl takes.
package enum DocumentText {
  /// UTF-8, or UTF-16 where a byte order mark says so, as editors and shells of Windows write it; nil for what is no text.
  ///
  /// A byte order mark in front is none of the text. Letters in another encoding, as comments of old editors have them,
  /// become U+FFFD: kubectl takes them too.
  package static func decode(_ bytes: some Collection<UInt8>) -> String? {
    let start = Array(bytes.prefix(3))
    if start == [0xef, 0xbb, 0xbf] { return utf8(bytes.dropFirst(3)) }
    switch start.prefix(2) {
    case [0xff, 0xfe]: return utf16(bytes.dropFirst(2)) { UInt16($1) << 8 | UInt16($0) }
    case [0xfe, 0xff]: return utf16(bytes.dropFirst(2)) { UInt16($0) << 8 | UInt16($1) }
    default: return utf8(bytes)
    }
  }

  /// What has other control characters than those of text is an archive, a program or a picture.
  private static func utf8(_ bytes: some Collection<UInt8>) -> String? {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let isText = bytes.allSatisfy { $0 >= 0x20 || (0x09...0x0d).contains($0) || $0 == 0x1b }
    return isText ? String(decoding: bytes, as: UTF8.self) : nil
  }

  private static func utf16(_ bytes: some Collection<UInt8>, _ unit: (UInt8, UInt8) -> UInt16) -> String? {
    let bytes = Array(bytes)
    guard bytes.count.isMultiple(of: 2) else { return nil }
    return String(
      validating: stride(from: 0, to: bytes.count, by: 2).map { unit(bytes[$0], bytes[$0 + 1]) }, as: UTF16.self)
  }
}
