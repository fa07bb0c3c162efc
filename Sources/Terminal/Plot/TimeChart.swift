import Documents

/// How long something takes with more and more nodes at a time, and the times that no parallelism can beat.
package struct TimeChart: Sendable {
  package var title: String
  /// In the order of the parallelism; `bound` says in a word or two what holds it there.
  package var points: [(parallelism: Int, seconds: Double, bound: String)]
  package var limits: [(label: String, seconds: Double)]

  /// Three thousand years, in seconds: what is longer is no time.
  private static let longest = 1e11

  package init(
    title: String, points: [(parallelism: Int, seconds: Double, bound: String)],
    limits: [(label: String, seconds: Double)] = []
  ) {
    self.title = title
    self.points = points.filter { $0.parallelism > 0 && (0...Self.longest).contains($0.seconds) }
    self.limits = limits.filter { $0.seconds > 0 && $0.seconds <= Self.longest }
  }

  /// Lines for a terminal, without the title: a bar for each number of nodes, and the limits.
  package func bars(style: Style, columns: Int) -> [String] {
    guard let longest = points.map(\.seconds).max() else { return [] }
    var table = Table([.init("AT A TIME", .right), .init("TIME", .right), .init("BOUND"), .init("")])
    let bounds = points.map { VisibleText.width($0.bound) }.max() ?? 0
    let room = columns - 9 - 6 - max(5, bounds) - 9
    for point in points {
      table.add([
        "\(point.parallelism)", Quantity.time(.seconds(point.seconds)), VisibleText.sanitised(point.bound),
        RankingChart.bar(point.seconds / max(longest, .leastNormalMagnitude), columns: room, style: style),
      ])
    }
    let limits = limits.map { "\(VisibleText.sanitised($0.label)) \(Quantity.time(.seconds($0.seconds)))" }
    let last = limits.isEmpty ? [] : [style.paint("never under: \(limits.joined(separator: ", "))", .faint)]
    return table.draw(style: style, columns: columns) + last
  }
}
