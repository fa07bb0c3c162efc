/// The last lines of a terminal that are drawn over and over in place.
///
/// Pure: gives the text to write. Lines are cut to the terminal's width, so that one line stays one row.
package struct LiveRegion: Sendable {
  private var shown: [String] = []

  package init() {}

  /// The text that replaces what is shown by `lines`; lines that did not change are not written again.
  ///
  /// - Parameters:
  ///   - columns: width of the terminal; a line has one less, as some terminals go on in the next row behind the last.
  ///   - rows: height of the terminal; of more lines than fit, the last ones are shown, or the first.
  ///   - rest: says how many are not shown, in the last row, where the first ones are.
  package mutating func update(
    _ lines: [String], columns: Int, rows: Int, rest: ((Int) -> String)? = nil
  ) -> String {
    let room = max(1, rows - 1)
    var shownLines = Array(lines.suffix(room))
    if let rest, lines.count > room {
      shownLines = lines.prefix(room - 1) + [rest(lines.count - room + 1)]
    }
    let fitting = shownLines.map { VisibleText.cut($0, to: Self.width(of: columns)) }
    var text = shown.isEmpty ? "" : "\u{1B}[\(shown.count)A"
    for (index, line) in fitting.enumerated() {
      let isSame = index < shown.count && shown[index] == line
      text += isSame ? "\n" : "\r\u{1B}[2K\(line)\n"
    }
    if shown.count > fitting.count { text += "\u{1B}[J" }
    shown = fitting
    return text
  }

  /// Columns that a line may take.
  package static func width(of columns: Int) -> Int { max(1, columns - 1) }

  /// The text that removes the region, so that ordinary output can follow.
  package mutating func clear() -> String {
    defer { shown = [] }
    return shown.isEmpty ? "" : "\u{1B}[\(shown.count)A\r\u{1B}[J"
  }
}
