/// Text as a terminal shows it: escape sequences take no columns.
package enum VisibleText {
  /// Columns that the text takes on the screen.
  package static func width(_ text: String) -> Int {
    var columns = 0
    forEach(text) { character, isEscape in if !isEscape { columns += character.columns } }
    return columns
  }

  /// Cuts to at most `columns`, ends a cut text with `…`, and never cuts an escape sequence in half.
  package static func cut(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var result = ""
    var used = 0
    var coloured = false
    var isFull = false
    forEach(text) { character, isEscape in
      if isEscape {
        coloured = true
        if !isFull { result.append(character) }
      } else if !isFull, used + character.columns < columns {
        result.append(character)
        used += character.columns
      } else if !isFull {
        result.append("…")
        isFull = true
      }
    }
    return coloured ? result + "\u{1B}[0m" : result
  }

  /// Cuts the middle out of a long reference or name: the registry and the tag tell more than what is between.
  ///
  /// A text with escape sequences is cut at its end instead.
  package static func shorten(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    guard columns > 3, !text.contains("\u{1B}") else { return cut(text, to: columns) }
    let head = prefix(of: text, columns: (columns - 1) / 3)
    let tail = String(prefix(of: String(text.reversed()), columns: columns - 1 - width(head)).reversed())
    return "\(head)…\(tail)"
  }

  /// The characters that fit into so many columns.
  private static func prefix(of text: String, columns: Int) -> String {
    var used = 0
    return String(
      text.prefix { character in
        used += character.columns
        return used <= columns
      })
  }

  /// Breaks a line between words; what follows is indented two columns more than the line. A word is never cut.
  package static func wrap(_ text: String, to columns: Int) -> [String] {
    guard width(text) > columns else { return [text] }
    let indent = String(text.prefix { $0 == " " })
    var lines: [String] = []
    var line = indent
    for word in text.dropFirst(indent.count).split(separator: " ") {
      if line.last.map({ $0 != " " }) ?? false {
        if width(line) + 1 + width(String(word)) > columns {
          lines.append(line)
          line = indent + "  "
        } else {
          line += " "
        }
      }
      line += word
    }
    return lines + [line]
  }

  /// Pads with spaces to `columns`; longer text stays as it is.
  package static func pad(_ text: String, to columns: Int, alignment: Table.Alignment = .left) -> String {
    let gap = String(repeating: " ", count: max(0, columns - width(text)))
    return alignment == .left ? text + gap : gap + text
  }

  /// Removes what could steer a terminal, so that foreign text (a registry's message) is shown and not obeyed.
  package static func sanitised(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }))
  }

  private static func forEach(_ text: String, _ body: (Character, _ isEscape: Bool) -> Void) {
    var inEscape = false
    for character in text {
      if character == "\u{1B}" { inEscape = true }
      body(character, inEscape)
      if inEscape, character.isLetter { inEscape = false }
    }
  }
}
