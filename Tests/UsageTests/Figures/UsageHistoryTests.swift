import Usage
import Foundation
import Testing

@Suite("The history of images", .timeLimit(.minutes(10)))
struct UsageHistoryTests {
  private static let now = 1_000_002_000.0
  private static let key = ImageKey("web:1")

  private static func pulled(at time: Double, _ seconds: Double = 5) -> ImageStart {
    ImageStart(image: "web:1", outcome: .pulled(pull: .seconds(seconds), wait: nil), time: time, bytes: 7)
  }

  @Test func startsAreCountedByTheHour() {
    var history = UsageHistory()
    history.note(Self.pulled(at: Self.now - 7200), as: Self.key, now: Self.now)
    history.note(Self.pulled(at: Self.now), as: Self.key, now: Self.now)
    history.note(ImageStart(image: "web:1", outcome: .found, time: Self.now), as: Self.key, now: Self.now)
    let all = history.total(of: Self.key.name, since: 0)
    #expect(all.starts == 3 && all.pulled == 2 && all.pullSeconds == 10 && all.waitSeconds == 10)
    #expect(history.total(of: Self.key.name, since: Self.now).starts == 2)
    #expect(history.bytes[Self.key.name] == 7)
  }

  @Test func aTimeInTheFutureIsNow() {
    var history = UsageHistory()
    history.note(Self.pulled(at: Self.now + 86_400 * 365), as: Self.key, now: Self.now)
    history.note(Self.pulled(at: .infinity), as: Self.key, now: Self.now)
    #expect(history.images[Self.key.name]?.keys.sorted() == [UsageHistory.hour(of: Self.now)])
    #expect(UsageHistory.hour(of: .nan) == 0)
    #expect(UsageHistory.hour(of: -5) == 0)
  }

  @Test(arguments: [-5.0, 0, 86_400, 1e15])
  func noPullTakesThatLong(seconds: Double) {
    var history = UsageHistory()
    history.note(Self.pulled(at: Self.now, seconds), as: Self.key, now: Self.now)
    let sum = history.total(of: Self.key.name, since: 0)
    #expect(sum.pulled == 1 && sum.pullSeconds == 0)
  }

  @Test func timeThatWasWatchedTwiceCountsOnce() {
    var history = UsageHistory()
    history.watch(from: Self.now - 3600, to: Self.now)
    history.watch(from: Self.now - 3600, to: Self.now + 1800)
    #expect(abs(history.hoursWatched(since: 0) - 1.5) < 1e-9)
    // Of the first hour only a part was watched.
    let begun = Double(UsageHistory.hour(of: Self.now)) * 3600
    #expect(history.hoursWatched(since: begun) < 1.5)
    history.watch(from: Self.now + 86_400, to: Self.now + 90_000)
    #expect(abs(history.hoursWatched(since: 0) - 2.5) < 1e-9)
    history.watch(from: 0, to: 100)
    #expect(abs(history.hoursWatched(since: 0) - 2.5) < 1e-9)
  }

  @Test func whatIsOldOrTooMuchIsForgotten() {
    var history = UsageHistory()
    for hour in 0..<100 {
      let time = Self.now - Double(hour) * 3600
      history.note(Self.pulled(at: time), as: Self.key, now: Self.now)
      if hour < 10 { history.note(Self.pulled(at: time), as: ImageKey("other:1"), now: Self.now) }
    }
    history.watch(from: Self.now - 360_000, to: Self.now)
    history.trim(UsageHistory.Limits(hours: 50), now: Self.now)
    #expect(history.total(of: Self.key.name, since: 0).starts == 51)
    #expect(history.watched.count == 51)
    history.trim(UsageHistory.Limits(hours: 50, entries: 20), now: Self.now)
    #expect(history.images.values.reduce(0) { $0 + $1.count } <= 20)
    #expect(history.total(of: "docker.io/library/other:1", since: 0).starts == 10)
    history.trim(UsageHistory.Limits(hours: 0), now: Self.now + 864_000)
    #expect(history.images.isEmpty && history.bytes.isEmpty && history.watched.isEmpty)
  }

  @Test func itSurvivesBeingWritten() throws {
    var history = UsageHistory()
    history.note(Self.pulled(at: Self.now), as: Self.key, now: Self.now)
    history.watch(from: Self.now - 60, to: Self.now)
    let data = try JSONEncoder().encode(history)
    #expect(try JSONDecoder().decode(UsageHistory.self, from: data) == history)
  }

  @Test(
    "Figures that cannot be are refused",
    arguments: ["{\"found\": -1}", "{\"pulled\": 1e30}", "{\"waitSeconds\": -2}", "{\"found\": \"x\"}"])
  func damaged(text: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(UsageHour.self, from: Data(text.utf8)) }
  }
}
