import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The `Retry-After` header (RFC 9110 section 10.2.3): seconds, or a date.
enum RetryAfter {
  static func parse(_ text: String, now: Date) -> Duration? {
    if let seconds = Int(text), seconds >= 0 { return .seconds(seconds) }
    guard let date = HTTPDate.parse(text) else { return nil }
    return .seconds(max(0, Int(date.timeIntervalSince(now).rounded(.up))))
  }
}
