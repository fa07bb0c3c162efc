@testable import Operator
import Warming
import ImageModel
import Testing

@Suite("Resolution: what is asked when", .timeLimit(.minutes(10)))
struct ResolutionScheduleTests {
  private let amd64: Set = [Platform(os: "linux", architecture: "amd64")]
  private let key = ResolutionKey(reference: "registry.example/app:v1", namespace: "web")

  private func digest(_ number: UInt8) -> Digest { Digest(bytes: Array(repeating: number, count: 32)) }

  private func resolution(_ number: UInt8) -> ImageResolution {
    ImageResolution(digest: digest(number), platforms: [], variants: [:])
  }

  private func failure(_ code: String = "refused") -> WarmFailure { WarmFailure(code: code, detail: "", remedy: "") }

  @Test("Many requests for one reference are one question, and the shortest period counts")
  func once() throws {
    var schedule = ResolutionSchedule()
    let requests = [nil, .seconds(600), .seconds(60)].map { ResolutionRequest(key, refreshEvery: $0) }
    _ = schedule.want(requests, platforms: amd64, at: .zero)
    let jobs = schedule.begin(at: .zero)
    #expect(jobs.map(\.digest) == [nil])
    #expect(schedule.begin(at: .zero).isEmpty, "it is being asked")
    let job = try #require(jobs.first)
    let found = schedule.finish(job, .found(resolution(1)), at: .seconds(1), random: 0)
    #expect(found?.verdict == .resolved)
    #expect(found?.changed?.resolution?.digest == digest(1))
    #expect(schedule.begin(at: .seconds(60)).isEmpty)
    let refresh = try #require(schedule.begin(at: .seconds(61)).first)
    #expect(refresh.digest == nil && refresh.held == resolution(1))
    let unchanged = schedule.finish(refresh, .unchanged, at: .seconds(61), random: 0)
    #expect(unchanged?.verdict == .unchanged)
    #expect(unchanged?.changed?.resolvedAt == .seconds(61))
    let moved = try #require(schedule.begin(at: .seconds(121)).first)
    #expect(schedule.finish(moved, .found(resolution(2)), at: .seconds(121), random: 0)?.verdict == .moved)
    #expect(schedule.answer(for: key)?.digest == digest(2))
  }

  @Test("Without a period, and of a digest, nothing is asked twice")
  func never() throws {
    let pinned = ResolutionKey(reference: "registry.example/app@\(digest(1))", namespace: "web")
    var schedule = ResolutionSchedule()
    _ = schedule.want(
      [ResolutionRequest(key), ResolutionRequest(pinned, refreshEvery: .seconds(1))], platforms: amd64, at: .zero)
    let jobs = schedule.begin(at: .zero)
    #expect(jobs.count == 2)
    for job in jobs { _ = schedule.finish(job, .found(resolution(1)), at: .zero, random: 0) }
    #expect(schedule.begin(at: .seconds(1_000_000)).isEmpty)
  }

  @Test("A digest known from before holds until the next refresh, its documents are read by it")
  func known() throws {
    let known = ResolutionRequest.Known(digest: digest(1), resolvedAt: .seconds(100))
    var schedule = ResolutionSchedule()
    let told = schedule.want(
      [ResolutionRequest(key, refreshEvery: .seconds(60), known: known)], platforms: amd64, at: .seconds(120))
    #expect(told[key]?.digest == digest(1))
    #expect(told[key]?.resolution == nil)
    let job = try #require(schedule.begin(at: .seconds(120)).first)
    #expect(job.digest == digest(1))
    let read = schedule.finish(job, .found(resolution(1)), at: .seconds(121), random: 0)
    #expect(read?.verdict == .unchanged)
    #expect(read?.changed?.resolvedAt == .seconds(100), "the tag was not asked for")
    #expect(schedule.begin(at: .seconds(159)).isEmpty)
    #expect(schedule.begin(at: .seconds(160)).map(\.digest) == [nil])
  }

  @Test("A digest known from before that the registry lost is asked for by its tag again")
  func lost() throws {
    let known = ResolutionRequest.Known(digest: digest(1), resolvedAt: .zero)
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key, known: known)], platforms: amd64, at: .zero)
    let job = try #require(schedule.begin(at: .zero).first)
    let lost = schedule.finish(
      job, .failed(failure("notFound"), isRefusal: true, retryAfter: nil), at: .zero, random: 0)
    #expect(lost?.changed?.isRefused == false)
    #expect(schedule.begin(at: .zero).map(\.digest) == [nil])
  }

  @Test("When a refresh fails, the last good answer stays")
  func lastGood() throws {
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key, refreshEvery: .seconds(60))], platforms: amd64, at: .zero)
    let job = try #require(schedule.begin(at: .zero).first)
    _ = schedule.finish(job, .found(resolution(1)), at: .zero, random: 0)
    let refresh = try #require(schedule.begin(at: .seconds(60)).first)
    let failed = schedule.finish(
      refresh, .failed(failure(), isRefusal: false, retryAfter: nil), at: .seconds(60), random: 1)
    #expect(failed?.verdict == .failed)
    #expect(failed?.changed?.resolution == resolution(1))
    #expect(failed?.changed?.problem?.code == "refused")
    #expect(schedule.begin(at: .seconds(69)).isEmpty)
    let again = try #require(schedule.begin(at: .seconds(70)).first)
    #expect(schedule.finish(again, .unchanged, at: .seconds(70), random: 0)?.changed?.problem == nil)
  }

  @Test("The wait grows to five minutes, and is never shorter than a registry asks")
  func waits() throws {
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key)], platforms: amd64, at: .zero)
    var now = Duration.zero
    var waits: [Int64] = []
    for asked in [nil, nil, nil, nil, nil, nil, Duration.seconds(1000)] {
      let job = try #require(schedule.begin(at: now).first)
      _ = schedule.finish(job, .failed(failure(), isRefusal: false, retryAfter: asked), at: now, random: 1)
      var probe = schedule
      var due = now
      while probe.begin(at: due).isEmpty { due += .seconds(1) }
      waits.append((due - now).components.seconds)
      now = due
    }
    #expect(waits == [10, 20, 40, 80, 160, 300, 1000])
  }

  @Test("A registry's no is told, and asked again at once when something changed")
  func refused() throws {
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key)], platforms: amd64, at: .zero)
    let job = try #require(schedule.begin(at: .zero).first)
    let failed = schedule.finish(
      job, .failed(failure("notFound"), isRefusal: true, retryAfter: nil), at: .zero, random: 1)
    #expect(failed?.changed?.refusal?.code == "notFound")
    #expect(schedule.begin(at: .seconds(1)).isEmpty)
    schedule.hurry([key], at: .seconds(1))
    let again = try #require(schedule.begin(at: .seconds(1)).first)
    let found = schedule.finish(again, .found(resolution(1)), at: .seconds(1), random: 0)
    #expect(found?.changed?.problem == nil)
  }

  @Test("A tag that nodes doubt is looked at once, without a period too, and not again within a minute")
  func doubt() throws {
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key)], platforms: amd64, at: .zero)
    let job = try #require(schedule.begin(at: .zero).first)
    _ = schedule.finish(job, .found(resolution(1)), at: .zero, random: 0)
    schedule.doubt(key, at: .seconds(59))
    #expect(schedule.begin(at: .seconds(59)).isEmpty)
    schedule.doubt(key, at: .seconds(60))
    _ = schedule.want([ResolutionRequest(key)], platforms: amd64, at: .seconds(60))
    let look = try #require(schedule.begin(at: .seconds(60)).first)
    #expect(look.digest == nil && look.held == resolution(1))
    #expect(schedule.finish(look, .found(resolution(2)), at: .seconds(61), random: 0)?.verdict == .moved)
    #expect(schedule.begin(at: .seconds(1_000_000)).isEmpty)
  }

  @Test("A new platform costs the documents, not the digest")
  func platforms() throws {
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key)], platforms: amd64, at: .zero)
    let job = try #require(schedule.begin(at: .zero).first)
    _ = schedule.finish(job, .found(resolution(1)), at: .zero, random: 0)
    let both = amd64.union([Platform(os: "linux", architecture: "arm64")])
    _ = schedule.want([ResolutionRequest(key)], platforms: both, at: .seconds(1))
    let more = try #require(schedule.begin(at: .seconds(1)).first)
    #expect(more.digest == digest(1) && more.held == nil && more.platforms == both)
  }

  @Test("What is not wanted any more is not told; references that are none are refused without asking")
  func unwanted() throws {
    var schedule = ResolutionSchedule()
    _ = schedule.want([ResolutionRequest(key)], platforms: amd64, at: .zero)
    let job = try #require(schedule.begin(at: .zero).first)
    let bad = ResolutionKey(reference: "No Such/Name", namespace: "web")
    let told = schedule.want([ResolutionRequest(bad)], platforms: amd64, at: .zero)
    #expect(told[bad]?.refusal?.code == "invalidName")
    #expect(schedule.finish(job, .found(resolution(1)), at: .zero, random: 0) == nil)
    #expect(schedule.begin(at: .seconds(1000)).isEmpty)
  }

  @Test("One registry does not keep the others waiting")
  func fairness() throws {
    var schedule = ResolutionSchedule(parallel: 4, parallelPerRegistry: 2)
    let slow = (0..<10).map { ResolutionKey(reference: "slow.example/app:\($0)", namespace: "web") }
    let quick = ResolutionKey(reference: "zz.example/app:1", namespace: "web")
    _ = schedule.want((slow + [quick]).map { ResolutionRequest($0) }, platforms: amd64, at: .zero)
    let jobs = schedule.begin(at: .zero)
    #expect(jobs.filter { $0.reference.registry == "slow.example" }.count == 2)
    #expect(jobs.contains { $0.key == quick })
  }
}
