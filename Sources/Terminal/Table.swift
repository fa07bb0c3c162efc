/// Columns of text under headings, as wide as their widest cell: the look of `kubectl get`.
package struct Table: Sendable {
  package enum Alignment: Sendable {
    case left, right
  }

  package struct Column: Sendable {
    package let title: String
    package let alignment: Alignment
    /// The least width to which a table that is too wide may cut this column; nil where every character counts.
    package let least: Int?

    package init(_ title: String, _ alignment: Alignment = .left, shrinksTo least: Int? = nil) {
      self.title = title
      self.alignment = alignment
      self.least = least
    }
  }

  package let columns: [Column]
  package private(set) var rows: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; missing cells are empty, surplus ones are dropped.
  package mutating func add(_ cells: [String]) {
    rows.append((0..<columns.count).map { $0 < cells.count ? cells[$0] : "" })
  }

  /// The lines of the table, three spaces between columns and none at the ends.
  ///
  /// - Parameter room: columns that a line should keep to. Columns that may shrink lose the middle of their cells.
  package func draw(style: Style = .plain, columns room: Int? = nil) -> [String] {
    let widths = fitted(to: room)
    let header = columns.map { style.paint($0.title, .faint) }
    return ([header] + rows).map { cells in
      let padded = cells.enumerated().map { index, cell in
        let shown = VisibleText.width(cell) > widths[index] ? VisibleText.shorten(cell, to: widths[index]) : cell
        return VisibleText.pad(shown, to: widths[index], alignment: columns[index].alignment)
      }
      var line = padded.joined(separator: "   ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The width of each column: that of its widest cell, less where the whole would be too wide.
  private func fitted(to room: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      rows.reduce(VisibleText.width(columns[index].title)) { max($0, VisibleText.width($1[index])) }
    }
    guard let room else { return widths }
    var surplus = widths.reduce(3 * (columns.count - 1), +) - room
    while surplus > 0 {
      let shrinkable = columns.indices.filter {
        widths[$0] > max(columns[$0].least ?? .max, VisibleText.width(columns[$0].title))
      }
      guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      surplus -= 1
    }
    return widths
  }
}
