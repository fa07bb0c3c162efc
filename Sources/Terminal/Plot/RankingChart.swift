/// What weighs how much, the heaviest first.
package struct RankingChart: Sendable {
  package var title: String
  /// In the order in which they are drawn; `shown` is the value in words.
  package var rows: [(label: String, value: Double, shown: String)]

  package init(title: String, rows: [(label: String, value: Double, shown: String)]) {
    self.title = title
    self.rows = rows.map { ($0.label, $0.value.isFinite ? max(0, $0.value) : 0, $0.shown) }
  }

  private var most: Double { max(rows.map(\.value).max() ?? 0, .leastNormalMagnitude) }

  /// Lines for a terminal, without the title and without headings.
  package func bars(style: Style, columns: Int) -> [String] {
    let shown = rows.map { VisibleText.width($0.shown) }.max() ?? 0
    let labels = min(rows.map { VisibleText.width($0.label) }.max() ?? 0, max(12, columns / 2))
    var table = Table([.init("", shrinksTo: 12), .init("", .right), .init("")])
    for row in rows {
      table.add([
        VisibleText.shorten(VisibleText.sanitised(row.label), to: labels), VisibleText.sanitised(row.shown),
        Self.bar(row.value / most, columns: columns - labels - shown - 6, style: style),
      ])
    }
    return Array(table.draw(style: style, columns: columns).dropFirst())
  }

  /// A bar of a share of 40 columns, or of `columns` where there are fewer; none where there is no room.
  static func bar(_ share: Double, columns: Int, style: Style) -> String {
    guard columns >= 4, share > 0 else { return "" }
    let halves = max(1, Int((min(1, share) * Double(min(40, columns) * 2)).rounded()))
    return style.paint(String(repeating: "━", count: halves / 2) + (halves % 2 == 1 ? "╸" : ""), .accent)
  }

  /// An SVG file: a bar for each row.
  package func svg() -> String {
    let (width, left, right, rowHeight) = (820.0, 340.0, 700.0, 26.0)
    let summary = rows.map { "\($0.label): \($0.shown)" }.joined(separator: "; ")
    var drawing = SVG(
      width: width, height: 76 + rowHeight * Double(max(1, rows.count)), title: title, description: summary)
    drawing.heading()
    if rows.isEmpty { drawing.text("there is nothing to rank", x: 20, y: 70, "ink") }
    for (index, row) in rows.enumerated() {
      let y = 56 + rowHeight * Double(index)
      let label = VisibleText.shorten(VisibleText.sanitised(row.label), to: 42)
      drawing.text(label, x: left - 10, y: y + 13, "ink code", anchor: .end)
      let length = row.value > 0 ? max(1, (right - left) * row.value / most) : 0
      if length > 0 {
        drawing.bar(x: left, y: y + 1, width: length, height: 16, hint: "\(row.label): \(row.shown)")
      }
      drawing.text(VisibleText.cut(row.shown, to: 16), x: left + length + 8, y: y + 13, "ink")
    }
    return drawing.document
  }
}
