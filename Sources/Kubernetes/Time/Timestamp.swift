#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// Dates as Kubernetes writes them: RFC 3339 in UTC.
package enum Timestamp {
  /// Whole seconds, as `metav1.Time`: `2026-01-02T03:04:05Z`.
  package static func seconds(_ date: Date) -> String { date.formatted(.iso8601) }

  /// Exactly six digits of a second, as `metav1.MicroTime` insists: `2026-01-02T03:04:05.000006Z`.
  package static func microseconds(_ date: Date) -> String {
    let micro = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    let (whole, part) = (micro.floored(by: 1_000_000), micro - micro.floored(by: 1_000_000) * 1_000_000)
    let text = Date(timeIntervalSince1970: Double(whole)).formatted(.iso8601).dropLast()
    return "\(text).\(String(1_000_000 + part).dropFirst())Z"
  }

  /// The date of a text with or without a fraction, in any time zone; nil when it is none.
  package static func date(_ text: String) -> Date? {
    var text = text
    var fraction = 0.0
    if let dot = text.firstIndex(of: ".") {
      let digits = text[text.index(after: dot)...].prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty, let value = Double("0.\(digits)") else { return nil }
      fraction = value
      text.removeSubrange(dot..<digits.endIndex)
    }
    return (try? Date(text, strategy: .iso8601))?.addingTimeInterval(fraction)
  }
}

extension Int64 {
  fileprivate func floored(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
