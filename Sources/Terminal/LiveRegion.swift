/// The last lines of a terminal that are drawn over and over in place.
///
/// Pure: gives the text to write. Lines are cut to the terminal's width, so that one line stays one row.
package struct LiveRegion: Sendable {
  private var shown: [String] = []

  package init() {}

  /// The text that replaces what is shown by `lines`; lines that did not change are not written again.
  ///
  /// - Parameters:
  ///   - columns: width of the terminal.
  ///   - rows: height of the terminal; of more lines than fit, the last ones are shown.
  package mutating func update(_ lines: [String], columns: Int, rows: Int) -> String {
    let fitting = lines.suffix(max(1, rows - 1)).map { VisibleText.cut($0, to: max(1, columns - 1)) }
    var text = shown.isEmpty ? "" : "\u{1B}[\(shown.count)A"
    for (index, line) in fitting.enumerated() {
      let isSame = index < shown.count && shown[index] == line
      text += isSame ? "\n" : "\r\u{1B}[2K\(line)\n"
    }
    if shown.count > fitting.count { text += "\u{1B}[J" }
    shown = fitting
    return text
  }

  /// The text that removes the region, so that ordinary output can follow.
  package mutating func clear() -> String {
    defer { shown = [] }
    return shown.isEmpty ? "" : "\u{1B}[\(shown.count)A\r\u{1B}[J"
  }
}
