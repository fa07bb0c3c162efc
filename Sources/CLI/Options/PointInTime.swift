import ArgumentParser
import Foundation

/// A time on the command line: `06:00`, the next on this machine's clock, or a whole one as RFC 3339 writes it.
struct PointInTime: Hashable, Sendable {
  let date: Date

  /// For `@Option(transform:)`, whose errors reach the user.
  static func parse(_ text: String) throws -> PointInTime { try PointInTime(parsing: text, now: Date(), .current) }

  /// `2026-12-01 22:10 Europe/Berlin (in 23 h 45 min)`: how it was understood.
  func words(now: Date, _ zone: TimeZone = .current) -> String {
    var style = Date.ISO8601FormatStyle(timeZone: zone).year().month().day()
    style = style.dateTimeSeparator(.space).time(includingFractionalSeconds: false)
    let time = date.formatted(style)
    let minutes = Int((date.timeIntervalSince(now) / 60).rounded())
    let (days, hours) = (minutes / 1440, minutes / 60 % 24)
    let parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")].filter { $0.0 > 0 }.map { "\($0) \($1)" }
    let isRound = time.hasSuffix(":00")
    return "\(isRound ? String(time.dropLast(3)) : time) \(zone.identifier) "
      + "(in \(parts.isEmpty ? "less than a minute" : parts.joined(separator: " ")))"
  }

  /// - Throws: `ValidationError` for what is no time, and for one that is over.
  init(parsing text: String, now: Date, _ zone: TimeZone) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, let hour = Int(parts[0]), let minute = Int(parts[1]), (0...23).contains(hour),
      (0...59).contains(minute), text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ":") })
    {
      var calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = zone
      let next = calendar.nextDate(
        after: now, matching: DateComponents(hour: hour, minute: minute, second: 0), matchingPolicy: .nextTime)
      guard let next else { throw ValidationError("there is no such time") }
      date = next
      return
    }
    guard let whole = try? Date(text, strategy: .iso8601) else {
      throw ValidationError("it is no time; write 06:00 or 2026-12-01T06:00:00Z")
    }
    // The parser takes 30 February as 2 March.
    let written = "\(text.prefix(19))Z"
    guard (try? Date(written, strategy: .iso8601))?.formatted(.iso8601) == written else {
      throw ValidationError("there is no such day or time")
    }
    guard whole > now else { throw ValidationError("\(text) is over") }
    date = whole
  }
}
