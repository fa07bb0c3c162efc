#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The time as the header `Date` has it (RFC 9110): `Sun, 06 Nov 1994 08:49:37 GMT`.
struct HTTPDate: CustomStringConvertible {
  let date: Date

  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  var description: String {
    // 1994-11-06T08:49:37Z
    let text = date.formatted(.iso8601)
    let parts = text.split { !$0.isNumber }
    guard parts.count >= 6, let month = Int(parts[1]), Self.months.indices.contains(month - 1) else { return text }
    let day = Int((date.timeIntervalSince1970 / 86_400).rounded(.down))
    let weekday = Self.days[(day % 7 + 7) % 7]
    return "\(weekday), \(parts[2]) \(Self.months[month - 1]) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) GMT"
  }
}
