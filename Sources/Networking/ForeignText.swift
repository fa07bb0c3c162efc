/// What a server or a program says, made fit to be shown.
package enum ForeignText {
  /// On one line, at most `limit` characters, without control characters.
  package static func clean(_ text: String, limit: Int = 600) -> String {
    let words = text.unicodeScalars.split { scalar in
      scalar.properties.generalCategory == .control || scalar.properties.isWhitespace
        || scalar.properties.generalCategory == .format
    }
    let line = words.map { String($0) }.joined(separator: " ")
    return line.count > limit ? line.prefix(limit - 1) + "…" : line
  }
}
