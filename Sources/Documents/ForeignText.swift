/// What a server, a runtime or a program says, made fit to be shown.
///
/// Text of others is cleaned where it enters, so that no exit has to: errors and failures do it when they are made.
package enum ForeignText {
  /// On one line, at most `limit` characters, without control characters, escape sequences, and characters that have no
  /// look of their own: those that turn the direction of writing among them.
  package static func clean(_ text: String, limit: Int = 600) -> String {
    if text.utf8.count <= limit, isPlain(text) { return text }
    let words = text.unicodeScalars.split { scalar in
      scalar.properties.generalCategory == .control || scalar.properties.isWhitespace
        || scalar.properties.generalCategory == .format
    }
    let line = words.map { String($0) }.joined(separator: " ")
    return line.count > limit ? line.prefix(limit - 1) + "…" : line
  }

  /// The same as the end of a sentence of ours, which sets the full stop itself.
  package static func clause(_ text: String, limit: Int = 600) -> String {
    let line = clean(text, limit: limit)
    return line.hasSuffix(".") && !line.hasSuffix("..") ? String(line.dropLast()) : line
  }

  /// Printable ASCII whose words are apart by one space: most texts.
  private static func isPlain(_ text: String) -> Bool {
    var last = UInt8(ascii: " ")
    for byte in text.utf8 {
      guard (0x20..<0x7f).contains(byte), byte != 0x20 || last != 0x20 else { return false }
      last = byte
    }
    return last != 0x20 || text.isEmpty
  }
}
