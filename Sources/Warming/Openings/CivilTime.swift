/// A date and a time of day, as a calendar and a clock on a wall show them: of the Gregorian calendar, in whatever zone.
struct CivilTime: Hashable, Sendable {
  var year: Int64
  var month: Int
  var day: Int
  /// Seconds since midnight.
  var time: Int64

  /// - Parameter seconds: since the beginning of 1970 on the same clock.
  init(seconds: Int64) {
    let (days, time) = Self.divided(seconds, by: 86_400)
    (year, month, day) = Self.date(days)
    self.time = time
  }

  init(year: Int64, month: Int, day: Int, time: Int64 = 0) {
    (self.year, self.month, self.day, self.time) = (year, month, day, time)
  }

  /// Since the beginning of 1970 on the same clock.
  var seconds: Int64 { Self.days(year, month, day) * 86_400 + time }

  /// Sunday is 0.
  static func weekday(ofDay days: Int64) -> Int { Int(divided(days + 4, by: 7).rest) }

  static func length(ofMonth month: Int, in year: Int64) -> Int {
    month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func divided(_ number: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let rest = (number % divisor + divisor) % divisor
    return ((number - rest) / divisor, rest)
  }

  /// Days since the beginning of 1970. Years begin in March here, so that the leap day is a year's last.
  static func days(_ year: Int64, _ month: Int, _ day: Int) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let (era, yearOfEra) = divided(shifted, by: 400)
    let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func date(_ days: Int64) -> (year: Int64, month: Int, day: Int) {
    let (era, dayOfEra) = divided(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = Int(shifted < 10 ? shifted + 3 : shifted - 9)
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, Int(dayOfYear - (153 * shifted + 2) / 5 + 1))
  }
}

extension CivilTime: CustomStringConvertible {
  /// `2026-12-01 02:00`.
  var description: String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month))-\(two(day)) \(two(Int(time / 3600))):\(two(Int(time / 60 % 60)))"
  }
}
