import Foundation
import Testing

@testable import Warming

@Suite("Times in which nodes are begun", .timeLimit(.minutes(2)))
struct OpeningTests {
  private static func time(_ text: String) throws -> Int64 {
    Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970)
  }

  private static func windows(
    _ starts: [String], _ hours: Double = 4, zone: String = "Europe/Berlin"
  ) throws -> PullWindows {
    var files = ZoneFiles()
    let rules = try files.rules(zone)
    return PullWindows(
      try starts.map {
        PullWindow(pattern: try CronPattern(parsing: $0), duration: .seconds(hours * 3600), zone: rules)
      })
  }

  // MARK: Patterns

  @Test(
    "When patterns come next",
    arguments: [
      ("0 1 * * *", "2026-11-30T20:00:00Z", "2026-12-01T01:00:00Z"),
      ("@daily", "2026-11-30T20:00:00Z", "2026-12-01T00:00:00Z"),
      ("@hourly", "2026-11-30T20:00:00Z", "2026-11-30T21:00:00Z"),
      ("@weekly", "2026-11-30T20:00:00Z", "2026-12-06T00:00:00Z"),
      ("@monthly", "2026-11-30T20:00:00Z", "2026-12-01T00:00:00Z"),
      ("@yearly", "2026-11-30T20:00:00Z", "2027-01-01T00:00:00Z"),
      ("*/15 * * * *", "2026-11-30T20:00:00Z", "2026-11-30T20:15:00Z"),
      ("10/25 * * * *", "2026-11-30T20:36:00Z", "2026-11-30T21:10:00Z"),
      ("30 2,14 * * MON-FRI", "2026-12-04T20:00:00Z", "2026-12-07T02:30:00Z"),
      ("0 0 * jan,MAR sun", "2026-11-30T20:00:00Z", "2027-01-03T00:00:00Z"),
      ("0 0 29 2 *", "2026-11-30T20:00:00Z", "2028-02-29T00:00:00Z"),
      ("0 0 29 2 *", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z"),
      ("0 0 13 * 5", "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z"),
      ("0 0 ? * 0", "2026-11-30T20:00:00Z", "2026-12-06T00:00:00Z"),
      ("0 0 31 * *", "2026-11-01T00:00:00Z", "2026-12-31T00:00:00Z"),
      ("0 22-23/1 * * *", "2026-11-30T22:30:00Z", "2026-11-30T23:00:00Z"),
    ])
  func next(pattern: String, now: String, expected: String) throws {
    let window = PullWindow(pattern: try CronPattern(parsing: pattern), duration: .seconds(60), zone: .utc)
    #expect(window.opening(after: try Self.time(now)) == (try Self.time(expected)))
  }

  @Test(
    "What is no pattern, or never comes, is named",
    arguments: [
      ("", "has 0 fields and not five"), ("0 1 * *", "has 4 fields"), ("60 * * * *", "its minute '60' cannot be"),
      ("* 24 * * *", "'24' is not from 0 to 23"), ("* * 0 * *", "its day of the month"), ("* * * 13 *", "its month"),
      ("* * * * 7", "'7' is not from 0 to 6"), ("* * * FOO *", "'FOO' is not from 1 to 12"),
      ("5-1 * * * *", "ends before it begins"),
      ("*/0 * * * *", "'0' is no step"), ("1,,2 * * * *", "'' is not"), ("1-2-3 * * * *", "is no range"),
      ("*/2/2 * * * *", "more than one"),
      ("0 0 30 2 *", "never comes"), ("0 0 31 4,6,9,11 *", "never comes"), ("@every 1h", "is none of @annually"),
      ("TZ=UTC 0 1 * * *", "write it into timeZone"), ("+1 * * * *", "'+1' is not"), ("-1 * * * *", "'' is not"),
    ])
  func wrong(pattern: String, part: String) {
    let error = #expect(throws: CronError.self) { try CronPattern(parsing: pattern) }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  // MARK: Zones

  @Test(
    "Clocks stand as Foundation says, in all years, north and south, by rules and by tables",
    arguments: [
      "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata",
      "America/Santiago",
      "Europe/Dublin", "America/Nuuk", "Asia/Kathmandu", "Pacific/Apia", "Antarctica/Troll", "Asia/Gaza", "Etc/GMT+12",
    ])
  func offsets(name: String) throws {
    var files = ZoneFiles()
    let rules = try files.rules(name)
    let zone = try #require(TimeZone(identifier: name))
    // An odd step, so that all hours and seasons come.
    for time in stride(from: Int64(0), to: 2_145_000_000, by: 1_234_567) {
      let expected = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time))))
      guard rules.offset(at: time) != expected else { continue }
      // Tables of different years say different things of what governments decide late.
      #expect(time > 1_700_000_000 || name == "Africa/Casablanca", "\(name) at \(time)")
    }
    let far = try Self.time("2150-07-01T12:00:00Z")
    if ["Europe/Berlin", "America/New_York", "Asia/Kolkata"].contains(name) {
      #expect(rules.offset(at: far) == Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(far)))))
    }
  }

  @Test("What is no zone is refused, also what leads out of the folder")
  func noZone() {
    var files = ZoneFiles()
    for name in ["", "Nowhere/Town", "../../etc/passwd", "/etc/localtime", "Europe", "zone.tab", "Local", "right/UTC"] {
      #expect(throws: ZoneError.self, "\(name)") { _ = try files.rules(name) }
    }
    #expect(throws: ZoneError.self) { _ = try ZoneRules(name: "x", file: Array("TZif2 and nothing".utf8)) }
    let whole = (try? Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin"))) ?? Data()
    #expect(whole.count > 400)
    // Cut off anywhere, it is refused or reads as something; it never ends the process.
    for length in stride(from: 0, to: whole.count, by: 7) {
      _ = try? ZoneRules(name: "x", file: Array(whole.prefix(length)))
    }
  }

  @Test(
    "A time that clocks leave out comes when they are put forward; one that comes twice opens once",
    arguments: [
      // 02:00 becomes 03:00.
      ("30 2 * * *", "2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z"),
      ("30 3 * * *", "2026-03-28T20:00:00Z", "2026-03-29T01:30:00Z"),
      // 03:00 becomes 02:00.
      ("30 2 * * *", "2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z"),
      ("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
      ("30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
      ("30 3 * * *", "2026-10-24T20:00:00Z", "2026-10-25T02:30:00Z"),
    ])
  func clocksArePut(pattern: String, now: String, expected: String) throws {
    let window = try Self.windows([pattern]).windows[0]
    #expect(window.opening(after: try Self.time(now)) == (try Self.time(expected)))
  }

  // MARK: Windows

  @Test(
    "Closed until the next opening, in words; open until its end; a night on which clocks are put is an hour longer")
  func states() throws {
    let windows = try Self.windows(["0 1 * * *"])
    #expect(
      windows.state(at: try Self.time("2026-11-30T20:00:00Z"))
        == .closed(until: try Self.time("2026-12-01T00:00:00Z"), text: "2026-12-01 01:00 Europe/Berlin"))
    for (now, end) in [
      ("2026-12-01T00:00:00Z", "2026-12-01T04:00:00Z"), ("2026-12-01T03:59:59Z", "2026-12-01T04:00:00Z"),
      // By the clock on the wall it is 04:00 then, and not 05:00.
      ("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"),
    ] {
      #expect(windows.state(at: try Self.time(now)) == .open(until: try Self.time(end)), "\(now)")
    }
    #expect(windows.state(at: try Self.time("2026-12-01T04:00:00Z")) != .open(until: .max))
    guard case .closed = windows.state(at: try Self.time("2026-12-01T04:00:00Z")) else {
      Issue.record("the end belongs to it")
      return
    }
  }

  @Test("Windows that overlap or touch are one; the next opening is that of the first that comes")
  func overlaps() throws {
    let windows = try Self.windows(["0 1 * * *", "0 3 * * *", "0 7 * * *"], zone: "UTC")
    #expect(
      windows.state(at: try Self.time("2026-12-01T01:30:00Z")) == .open(until: try Self.time("2026-12-01T11:00:00Z")))
    #expect(
      windows.state(at: try Self.time("2026-12-01T12:00:00Z"))
        == .closed(until: try Self.time("2026-12-02T01:00:00Z"), text: "2026-12-02 01:00 UTC"))
  }

  @Test("One that is longer than its period never closes, and one of a year is seen from its end")
  func long() throws {
    let always = try Self.windows(["* * * * *"], 1, zone: "UTC")
    let daily = try Self.windows(["@daily"], 25)
    let yearly = try Self.windows(["@yearly"], 8760, zone: "UTC")
    for now in ["2026-12-01T01:30:00Z", "2027-07-01T00:00:00Z", "2028-12-31T12:00:00Z"] {
      for (windows, isOpen) in [(always, true), (daily, true), (yearly, now.hasPrefix("2028") == false)] {
        let time = try Self.time(now)
        switch windows.state(at: time) {
        case .open(let until): #expect(isOpen && until > time, "\(now)")
        case .closed: #expect(!isOpen, "\(now)")
        }
      }
    }
  }
}
