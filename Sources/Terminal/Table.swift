/// Columns of text under headings, as wide as their widest cell: the look of `kubectl get`.
package struct Table: Sendable {
  package enum Alignment: Sendable {
    case left, right
  }

  package struct Column: Sendable {
    package let title: String
    package let alignment: Alignment

    package init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
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
  package func draw(style: Style = .plain) -> [String] {
    let widths = columns.indices.map { index in
      rows.reduce(VisibleText.width(columns[index].title)) { max($0, VisibleText.width($1[index])) }
    }
    let header = columns.map { style.paint($0.title, .faint) }
    return ([header] + rows).map { cells in
      let padded = cells.enumerated().map { index, cell in
        VisibleText.pad(cell, to: widths[index], alignment: columns[index].alignment)
      }
      var line = padded.joined(separator: "   ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
