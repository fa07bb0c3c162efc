/// The rule of a zone for all years to come: `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3`.
///
/// Source: POSIX.1-2017, 8.3, with the hours from -167 to 167 of RFC 8536.
struct ZoneFooter: Hashable, Sendable {
  private let standard: Int64
  private let summer: (offset: Int64, from: Change, until: Change)?

  /// When clocks change in each year: a day, and seconds from its midnight.
  private struct Change: Hashable {
    enum Day: Hashable {
      /// The n-th such weekday of a month; the fifth is the last.
      case weekday(month: Int, week: Int, weekday: Int)
      /// From 1, without a 29th of February.
      case julian(Int)
      /// From 0.
      case zeroBased(Int)
    }

    var day: Day
    var time: Int64
  }

  init(_ text: String) throws(ZoneError) {
    var scanner = Scanner(text)
    scanner.skipName()
    standard = -(try scanner.time())
    guard !scanner.isAtEnd else {
      summer = nil
      return
    }
    scanner.skipName()
    let offset = scanner.peek == "," ? standard + 3600 : -(try scanner.time())
    let from = try scanner.change()
    summer = (offset, from, try scanner.change())
    guard scanner.isAtEnd else { throw ZoneError("its rule '\(text)' is not understood") }
  }

  func offset(at time: Int64) -> Int64 {
    guard let summer else { return standard }
    let year = CivilTime(seconds: time + standard).year
    let begin = Self.seconds(summer.from, in: year) - standard
    let end = Self.seconds(summer.until, in: year) - summer.offset
    let isSummer = begin < end ? (begin..<end).contains(time) : !(end..<begin).contains(time)
    return isSummer ? summer.offset : standard
  }

  private static func seconds(_ change: Change, in year: Int64) -> Int64 {
    let days: Int64 =
      switch change.day {
      case .weekday(let month, let week, let weekday):
        {
          let first = CivilTime.days(year, month, 1)
          let ahead = (weekday - CivilTime.weekday(ofDay: first) + 7) % 7
          var day = 1 + ahead + (week - 1) * 7
          while day > CivilTime.length(ofMonth: month, in: year) { day -= 7 }
          return first + Int64(day - 1)
        }()
      case .julian(let number):
        CivilTime.days(year, 1, 1) + Int64(number - 1) + (CivilTime.isLeap(year) && number > 59 ? 1 : 0)
      case .zeroBased(let number): CivilTime.days(year, 1, 1) + Int64(number)
      }
    return days * 86_400 + change.time
  }

  static func == (one: Self, other: Self) -> Bool {
    one.standard == other.standard && one.summer?.offset == other.summer?.offset
      && one.summer?.from == other.summer?.from && one.summer?.until == other.summer?.until
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(standard)
    hasher.combine(summer?.offset)
  }

  private struct Scanner {
    private let text: String
    private var rest: Substring

    init(_ text: String) {
      self.text = text
      rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }
    var peek: Character? { rest.first }

    /// `CET`, or `<+0330>`.
    mutating func skipName() {
      if rest.first == "<" {
        rest = rest.drop { $0 != ">" }.dropFirst()
      } else {
        rest = rest.drop(while: \.isLetter)
      }
    }

    private mutating func number() throws(ZoneError) -> Int {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard digits.count < 5, let number = Int(digits) else { throw ZoneError("its rule '\(text)' is not understood") }
      rest = rest.dropFirst(digits.count)
      return number
    }

    private mutating func skip(_ character: Character) -> Bool {
      guard rest.first == character else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// `-1`, `5:30`, `+02:00:00`: seconds.
    mutating func time() throws(ZoneError) -> Int64 {
      let isNegative = skip("-")
      if !isNegative { _ = skip("+") }
      var seconds = Int64(try number()) * 3600
      if skip(":") { seconds += Int64(try number()) * 60 }
      if skip(":") { seconds += Int64(try number()) }
      return isNegative ? -seconds : seconds
    }

    /// `,M3.5.0/2`, `,J60`, `,59`.
    mutating func change() throws(ZoneError) -> Change {
      guard skip(",") else { throw ZoneError("its rule '\(text)' is not understood") }
      let day: Change.Day
      if skip("M") {
        let month = try number()
        let hasWeek = skip(".")
        let week = try number()
        let hasDay = skip(".")
        let weekday = try number()
        guard hasWeek, hasDay, (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday) else {
          throw ZoneError("its rule '\(text)' is not understood")
        }
        day = .weekday(month: month, week: week, weekday: weekday)
      } else if skip("J") {
        day = .julian(try number())
      } else {
        day = .zeroBased(try number())
      }
      return Change(day: day, time: skip("/") ? try time() : 7200)
    }
  }
}
