import Documents

extension TimeChart {
  private static let (width, height) = (820.0, 440.0)
  private static let (left, right, top, bottom) = (64.0, 640.0, 92.0, 384.0)

  /// An SVG file: time against parallelism, the limits as dashed lines.
  package func svg() -> String {
    var drawing = SVG(width: Self.width, height: Self.height, title: title, description: summary)
    drawing.heading()
    drawing.text("time until every node is warm, by the number of nodes at a time", x: 20, y: 52, "faint")
    let times = points.map(\.seconds) + limits.map(\.seconds)
    guard let longest = times.max(), !points.isEmpty else {
      drawing.text("there is nothing to pull", x: Self.left, y: Self.top + 20, "ink")
      return drawing.document
    }
    let vertical = Self.scale(shortest: times.min() ?? longest, longest: longest)
    drawTimes(vertical, in: &drawing)
    drawLimits(vertical, in: &drawing)
    drawPoints(vertical, in: &drawing)
    return drawing.document
  }

  private var summary: String {
    let times = points.map { "\($0.parallelism) at a time: \(Quantity.time(.seconds($0.seconds))), \($0.bound)" }
    let limits = limits.map { "\($0.label) alone: \(Quantity.time(.seconds($0.seconds)))" }
    return (times + limits).joined(separator: "; ")
  }

  /// By the logarithm where times lie so far apart that short ones could not be distinguished from none.
  private static func scale(shortest: Double, longest: Double) -> PlotScale {
    let least = max(shortest, longest / 1e6, 1e-6)
    let isWide = longest / least > 8
    return PlotScale(
      isWide ? least / 1.4...longest * 1.15 : 0...max(longest, 1e-6) * 1.1, logarithmic: isWide, from: bottom, to: top)
  }

  private func drawTimes(_ vertical: PlotScale, in drawing: inout SVG) {
    for time in vertical.times {
      let y = vertical.place(time)
      drawing.line(from: (Self.left, y), to: (Self.right, y), "grid")
      drawing.text(PlotScale.name(time), x: Self.left - 8, y: y + 4, "faint", anchor: .end)
    }
    drawing.line(from: (Self.left, Self.bottom), to: (Self.right, Self.bottom), "axis")
  }

  private func drawLimits(_ vertical: PlotScale, in drawing: inout SVG) {
    let limits = limits.sorted { $0.seconds > $1.seconds }
    let lines = limits.map { vertical.place($0.seconds) }
    // Labels of limits that are close stand below one another, and none beyond the end of the drawing.
    var labels = lines
    for index in labels.indices.dropFirst() { labels[index] = max(labels[index], labels[index - 1] + 32) }
    var room = Self.height - 24
    for index in labels.indices.reversed() {
      labels[index] = min(labels[index], room)
      room = labels[index] - 32
    }
    for (limit, (line, label)) in zip(limits, zip(lines, labels)) {
      drawing.line(from: (Self.left, line), to: (Self.right, line), "limit")
      drawing.line(from: (Self.right, line), to: (Self.right + 12, label), "leader")
      drawing.text(VisibleText.cut(limit.label, to: 24), x: Self.right + 16, y: label, "limit-text")
      drawing.text(
        "alone: \(Quantity.time(.seconds(limit.seconds)))", x: Self.right + 16, y: label + 14, "limit-text")
    }
  }

  private func drawPoints(_ vertical: PlotScale, in drawing: inout SVG) {
    let (least, most) = (points.map(\.parallelism).min() ?? 1, points.map(\.parallelism).max() ?? 1)
    let horizontal = PlotScale(
      Double(least)...Double(most), logarithmic: true, from: Self.left + 16, to: Self.right - 44)
    let places = points.map { (x: horizontal.place(Double($0.parallelism)), y: vertical.place($0.seconds)) }
    drawing.path(places, "series")
    var taken = LabelSpace()
    // From the right, so that the last point, all nodes, is always named.
    for (point, place) in zip(points, places).reversed() {
      let time = Quantity.time(.seconds(point.seconds))
      drawing.dot(x: place.x, y: place.y, hint: "\(point.parallelism) at a time: \(time), \(point.bound)")
      if taken.take(time, x: place.x + 4, y: place.y - 9) { drawing.text(time, x: place.x + 4, y: place.y - 9, "ink") }
      let name = "\(point.parallelism)"
      if taken.take(name, x: place.x - 4 * Double(name.count), y: Self.bottom + 20) {
        drawing.text(name, x: place.x, y: Self.bottom + 20, "faint", anchor: .middle)
      }
    }
    // What holds it is said where that begins.
    for (index, (point, place)) in zip(points, places).enumerated()
    where index == 0 || points[index - 1].bound != point.bound {
      let free = [24.0, 38, 52].first { taken.take(point.bound, x: place.x + 4, y: place.y - $0) }
      if let free { drawing.text(point.bound, x: place.x + 4, y: place.y - free, "faint") }
    }
    drawing.text("nodes at a time", x: (Self.left + Self.right) / 2, y: Self.bottom + 42, "faint", anchor: .middle)
  }
}

/// Where on a drawing labels stand already.
private struct LabelSpace {
  private var boxes: [(x: ClosedRange<Double>, y: Double)] = []

  /// Takes the place of a label of one line; false, and nothing taken, when another is in the way.
  mutating func take(_ text: String, x: Double, y: Double) -> Bool {
    let box = x...(x + 8 * Double(text.count) + 4)
    guard !boxes.contains(where: { $0.x.overlaps(box) && abs($0.y - y) < 13 }) else { return false }
    boxes.append((box, y))
    return true
  }
}
