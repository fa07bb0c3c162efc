import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Times as kubectl shows them.
enum HumanTime {
  /// A timestamp of the API, fractions of a second dropped.
  static func date(_ text: String) -> Date? {
    var text = text
    if let point = text.firstIndex(of: ".") { text = text[..<point] + "Z" }
    return try? Date(text, strategy: .iso8601)
  }

  /// How long ago: `5m`, `<unknown>` without a time.
  static func age(_ timestamp: JSON?, _ now: Date) -> String {
    guard let text = timestamp?.string, let then = date(text) else { return "<unknown>" }
    return duration(Int(now.timeIntervalSince(then)))
  }

  /// Source: apimachinery's `duration.HumanDuration`.
  static func duration(_ seconds: Int) -> String {
    if seconds < -1 { return "<invalid>" }
    if seconds < 0 { return "0s" }
    func two(_ a: Int, _ unit: String, _ b: Int, _ smaller: String) -> String {
      b == 0 ? "\(a)\(unit)" : "\(a)\(unit)\(b)\(smaller)"
    }
    let (minutes, hours, days, years) = (seconds / 60, seconds / 3600, seconds / 86_400, seconds / 31_536_000)
    if seconds < 120 { return "\(seconds)s" }
    if minutes < 10 { return two(minutes, "m", seconds % 60, "s") }
    if hours < 3 { return "\(minutes)m" }
    if hours < 8 { return two(hours, "h", minutes % 60, "m") }
    if hours < 48 { return "\(hours)h" }
    if days < 8 { return two(days, "d", hours % 24, "h") }
    if years < 2 { return "\(days)d" }
    return years < 8 ? two(years, "y", days % 365, "d") : "\(years)y"
  }
}
