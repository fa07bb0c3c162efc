/// A span of time in which nodes may be begun, and that comes again and again.
package struct PullWindow: Hashable, Sendable {
  package let pattern: CronPattern
  /// Seconds.
  package let duration: Int64
  package let zone: ZoneRules

  package init(pattern: CronPattern, duration: Duration, zone: ZoneRules) {
    self.pattern = pattern
    self.duration = duration.components.seconds
    self.zone = zone
  }

  /// The 29th of February is never farther away.
  private static let farthest: Int64 = 3000

  /// When it opens next. A pattern always has a next time.
  func opening(after time: Int64) -> Int64? {
    let today = day(of: time)
    for day in (today - 1)...(today + Self.farthest) {
      if let found = openings(on: day).first(where: { $0 > time }) { return found }
    }
    return nil
  }

  /// When it opened last, if it is still open.
  func opening(openAt time: Int64) -> Int64? {
    let today = day(of: time)
    // A day more on either side, as clocks are put.
    for day in (day(of: time - duration) - 1...today + 1).reversed() {
      if let found = openings(on: day).last(where: { $0 <= time }) { return found + duration > time ? found : nil }
    }
    return nil
  }

  private func day(of time: Int64) -> Int64 { CivilTime.divided(zone.civil(time).seconds, by: 86_400).quotient }

  /// In order. A time that the clocks show twice counts once, unless every hour counts.
  private func openings(on day: Int64) -> [Int64] {
    let (_, month, number) = CivilTime.date(day)
    guard pattern.isOn(month: month, day: number, weekday: CivilTime.weekday(ofDay: day)) else { return [] }
    let times = pattern.hours.flatMap { hour in pattern.minutes.map { Int64(hour * 3600 + $0 * 60) } }
    let all = times.flatMap { time in
      let instants = zone.instants(of: CivilTime(seconds: day * 86_400 + time))
      return pattern.isEveryHour ? instants[...] : instants.prefix(1)
    }
    return all.sorted()
  }
}

/// The windows of a plan together: it is open while any of them is.
package struct PullWindows: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    /// Until then at least, in seconds since the Unix epoch.
    case open(until: Int64)
    /// `text` tells people the same: `2026-12-01 02:00 Europe/Berlin`.
    case closed(until: Int64, text: String)
  }

  package let windows: [PullWindow]

  package init(_ windows: [PullWindow]) { self.windows = windows }

  /// - Parameter time: seconds since the Unix epoch.
  package func state(at time: Int64) -> State {
    let ends = windows.compactMap { window in window.opening(openAt: time).map { $0 + window.duration } }
    guard var end = ends.max() else {
      let next = windows.compactMap { window in window.opening(after: time).map { (time: $0, window: window) } }
        .min { $0.time < $1.time }
      guard let next else { return .closed(until: .max, text: "for ever") }
      return .closed(until: next.time, text: "\(next.window.zone.civil(next.time)) \(next.window.zone.name)")
    }
    // Windows that overlap, or follow each other at once, are one; those that never close are looked at again.
    for _ in 0..<100 {
      let later = windows.compactMap { window in window.opening(openAt: end).map { $0 + window.duration } }.max()
      guard let later, later > end else { break }
      end = later
    }
    return .open(until: end)
  }
}
