/// When something begins, as a CronJob says it: `0 1 * * MON-FRI`, `@daily`.
///
/// Source: the parser that Kubernetes uses for `spec.schedule` (robfig/cron v3, five fields and descriptors).
package struct CronPattern: Hashable, Sendable, CustomStringConvertible {
  package let description: String
  /// In order.
  let minutes: [Int]
  let hours: [Int]
  private let days: Set<Int>
  private let months: Set<Int>
  private let weekdays: Set<Int>
  /// Whether it says no hour, so that an hour that comes twice counts twice.
  let isEveryHour: Bool
  /// Where both days of the month and of the week are said, either is enough.
  private let needsBoth: Bool

  private static let descriptors = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]

  package init(parsing text: String) throws(CronError) {
    description = text
    var schedule = text
    if text.hasPrefix("@") {
      guard let known = Self.descriptors[text] else {
        throw CronError("'\(text)' is none of \(Self.descriptors.keys.sorted().joined(separator: ", "))")
      }
      schedule = known
    } else if text.contains("TZ=") {
      throw CronError("'\(text)' names a time zone: write it into timeZone")
    }
    let fields = schedule.split(whereSeparator: \.isWhitespace).map(String.init)
    guard fields.count == 5 else {
      throw CronError(
        "'\(text)' has \(fields.count) fields and not five: minute, hour, day of the month, month, day of the week")
    }
    let minute = try CronField(fields[0], "minute", 0...59)
    let hour = try CronField(fields[1], "hour", 0...23)
    let day = try CronField(fields[2], "day of the month", 1...31)
    let month = try CronField(fields[3], "month", 1...12, names: CronField.months)
    let weekday = try CronField(fields[4], "day of the week", 0...6, names: CronField.weekdays)
    (minutes, hours) = (minute.values.sorted(), hour.values.sorted())
    (days, months, weekdays) = (day.values, month.values, weekday.values)
    isEveryHour = hour.isAny
    needsBoth = day.isAny || weekday.isAny
    // Some year has a 29th of February.
    let hasDate = month.values.contains { month in
      day.values.contains { $0 <= CivilTime.length(ofMonth: month, in: 2000) }
    }
    guard hasDate || !needsBoth else { throw CronError("'\(text)' never comes: there is no such day in any year") }
  }

  func isOn(month: Int, day: Int, weekday: Int) -> Bool {
    guard months.contains(month) else { return false }
    let (isDay, isWeekday) = (days.contains(day), weekdays.contains(weekday))
    return needsBoth ? isDay && isWeekday : isDay || isWeekday
  }
}

/// One field of a pattern: `*`, `5`, `1-5`, `*/15`, `10/5`, `MON-FRI`, and lists of these.
private struct CronField {
  static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
  static let weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

  private(set) var values: Set<Int> = []
  /// Whether it says nothing: `*`.
  private(set) var isAny = false

  private let text: String
  private let what: String
  private let range: ClosedRange<Int>
  private let names: [String]

  init(_ text: String, _ what: String, _ range: ClosedRange<Int>, names: [String] = []) throws(CronError) {
    (self.text, self.what, self.range, self.names) = (text, what, range, names)
    for part in text.split(separator: ",", omittingEmptySubsequences: false) { try add(part) }
  }

  private mutating func add(_ part: Substring) throws(CronError) {
    let halves = part.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(halves.count) else { throw problem("'\(part)' has more than one '/'") }
    var step = 1
    if halves.count == 2 {
      guard let number = Int(halves[1]), number > 0 else { throw problem("'\(halves[1])' is no step") }
      step = number
    }
    var (low, high) = (range.lowerBound, range.upperBound)
    if halves[0] == "*" || halves[0] == "?" {
      if step == 1 { isAny = true }
    } else {
      let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
      guard (1...2).contains(ends.count) else { throw problem("'\(halves[0])' is no range") }
      low = try value(ends[0])
      // `10/5` is from 10 on.
      high = ends.count == 2 ? try value(ends[1]) : halves.count == 2 ? high : low
      guard low <= high else { throw problem("'\(halves[0])' ends before it begins") }
    }
    for value in stride(from: low, through: high, by: step) { values.insert(value) }
  }

  private func value(_ text: Substring) throws(CronError) -> Int {
    if let index = names.firstIndex(of: text.uppercased()) { return range.lowerBound + index }
    guard let number = Int(text), range.contains(number), text.allSatisfy(\.isNumber) else {
      throw problem("'\(text)' is not from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func problem(_ reason: String) -> CronError { CronError("its \(what) '\(text)' cannot be: \(reason)") }
}

/// A text that is no pattern, or whose time never comes.
package struct CronError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
