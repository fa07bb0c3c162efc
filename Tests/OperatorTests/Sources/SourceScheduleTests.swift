import ImageSources
@testable import Operator
import Testing

@Suite("Sources: when each is asked", .timeLimit(.minutes(2)))
struct SourceScheduleTests {
  private static func key(_ repository: String) throws -> SourceKey {
    SourceKey(
      source: .tags(TagSource(repository: repository, filter: try TagFilter(semver: nil, regex: nil))), namespace: "n")
  }

  private static func found(_ images: String...) -> Result<SourceFinding, SourceError> {
    .success(SourceFinding(images: images.map { .init(reference: $0, figure: .value(1)) }))
  }

  private static let failure = Result<SourceFinding, SourceError>.failure(
    SourceError(.unreachable, "nobody answers", remedy: "Wait."))

  @Test("A failure and an empty answer keep the last good list and its time; a failure is tried again earlier")
  func keeping() throws {
    var schedule = SourceSchedule()
    let key = try Self.key("a")
    schedule.want([key: SourceRequest(interval: .seconds(600))], at: .seconds(1000))
    #expect(schedule.begin(at: .seconds(1000)) == [key])
    #expect(schedule.begin(at: .seconds(1000)).isEmpty, "it is being asked")
    let found1 = schedule.finish(key, Self.found("a:1", "a:2"), random: 0, at: .seconds(1001))
    var answer = try #require(found1)
    #expect(answer == SourceAnswer(images: ["a:1", "a:2"], updatedAt: .seconds(1001)))
    #expect(schedule.begin(at: .seconds(1600)).isEmpty)
    #expect(schedule.begin(at: .seconds(1601)) == [key])
    let found2 = schedule.finish(key, Self.failure, random: 0, at: .seconds(1602))
    answer = try #require(found2)
    #expect(answer.images == ["a:1", "a:2"] && answer.updatedAt == .seconds(1001))
    #expect(answer.problem?.reason == "SourceFailed" && answer.problem?.message == "nobody answers. Wait.")
    #expect(schedule.begin(at: .seconds(1605)).isEmpty)
    #expect(schedule.begin(at: .seconds(1608)) == [key])
    let found3 = schedule.finish(key, Self.found(), random: 0, at: .seconds(1609))
    answer = try #require(found3)
    #expect(answer.images == ["a:1", "a:2"] && answer.updatedAt == .seconds(1001))
    #expect(answer.problem?.reason == "SourceEmpty")
    #expect(schedule.begin(at: .seconds(2209)) == [key])
    let found4 = schedule.finish(key, Self.found("a:3"), random: 0, at: .seconds(2210))
    answer = try #require(found4)
    #expect(answer == SourceAnswer(images: ["a:3"], updatedAt: .seconds(2210)))
  }

  @Test("An empty answer where there never was a list says nothing of what is wanted")
  func emptyAtFirst() {
    var answer = SourceAnswer()
    answer.take(.success(SourceFinding(remarks: ["of its 15 tags none matches"])), at: .seconds(1))
    #expect(answer.images == nil)
    #expect(answer.problem?.message == "it gives no image: of its 15 tags none matches")
  }

  @Test("Failures wait longer each time, and never longer than the interval or shorter than the server asks")
  func backOff() throws {
    var schedule = SourceSchedule()
    let key = try Self.key("a")
    schedule.want([key: SourceRequest(interval: .seconds(60))], at: .zero)
    var now = Duration.zero
    for pause in [4.0, 8, 16, 32, 60, 60] {
      #expect(schedule.begin(at: now) == [key])
      _ = schedule.finish(key, Self.failure, random: 0, at: now)
      #expect(schedule.begin(at: now + .seconds(pause) - .milliseconds(1)).isEmpty, "\(pause)")
      now += .seconds(pause)
    }
    #expect(schedule.begin(at: now) == [key])
    let busy = SourceError(.fault, "busy", remedy: "Wait.", retryAfter: .seconds(300))
    _ = schedule.finish(key, .failure(busy), random: 0, at: now)
    #expect(schedule.begin(at: now + .seconds(299)).isEmpty)
    #expect(schedule.begin(at: now + .seconds(300)) == [key])
  }

  @Test("So many at a time, and what nobody wants is forgotten; what was known before is kept")
  func places() throws {
    var schedule = SourceSchedule(places: 2)
    let keys = try (1...5).map { try Self.key("r\($0)") }
    let known = SourceAnswer(images: ["r1:old"], updatedAt: .seconds(1))
    schedule.want(
      Dictionary(uniqueKeysWithValues: keys.map { ($0, SourceRequest(interval: .seconds(60), known: known)) }),
      at: .zero)
    let first = schedule.begin(at: .zero)
    #expect(first.count == 2 && schedule.begin(at: .zero).isEmpty)
    #expect(schedule.finish(first[0], Self.failure, random: 0, at: .zero)?.images == ["r1:old"])
    #expect(schedule.begin(at: .zero).count == 1)
    schedule.want([:], at: .zero)
    #expect(schedule.finish(first[1], Self.found("x"), random: 0, at: .zero) == nil)
    #expect(schedule.begin(at: .seconds(1000)).isEmpty)
  }

  @Test("What is asked has the same name in every process, and another where it is another question")
  func names() throws {
    #expect(try Self.key("a").id == Self.key("a").id && Self.key("a").id != Self.key("b").id)
    #expect(try Self.key("registry.example.com/team/app").id == "tkp8md8cnhw8")
  }
}
