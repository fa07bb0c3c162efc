/// A bar over a known whole.
package struct ProgressBar: Sendable {
  /// Columns that the bar takes.
  package let width: Int

  package init(width: Int) { self.width = max(4, width) }

  /// Draws `fraction` (0 to 1, clamped) in half steps.
  package func draw(_ fraction: Double, style: Style) -> String {
    let clamped = fraction.isFinite ? min(1, max(0, fraction)) : 0
    let halves = Int((clamped * Double(width * 2)).rounded(.down))
    let full = String(repeating: "━", count: halves / 2)
    let half = halves % 2 == 1 ? "╸" : ""
    let rest = String(repeating: "─", count: width - halves / 2 - halves % 2)
    return style.paint(full + half, clamped >= 1 ? .good : .accent) + style.paint(rest, .faint)
  }
}
