import ArgumentParser
import Foundation
import TestKit
import Testing

@testable import CLI

@Suite("Times on the command line", .timeLimit(.minutes(1)))
struct PointInTimeTests {
  @Test("A time of the day is the next one on the clock, a whole one is itself")
  func times() throws {
    let now = try Date("2026-11-30T20:00:00Z", strategy: .iso8601)
    let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
    for (text, expected) in [
      ("06:00", "2026-12-01T05:00:00Z"), ("21:30", "2026-11-30T20:30:00Z"), ("21:00", "2026-12-01T20:00:00Z"),
      ("0:05", "2026-11-30T23:05:00Z"), ("2026-12-01T06:00:00Z", "2026-12-01T06:00:00Z"),
      ("2026-12-01T06:00:00+02:00", "2026-12-01T04:00:00Z"),
    ] {
      let time = try PointInTime(parsing: text, now: now, berlin)
      #expect(time.date == (try Date(expected, strategy: .iso8601)), "\(text)")
    }
    for text in ["", "6", "24:00", "06:60", "-1:00", "06:00:00", "tomorrow", "2026-11-30T19:59:59Z", "2026-12-01"] {
      #expect(throws: (any Error).self, "\(text)") { _ = try PointInTime(parsing: text, now: now, berlin) }
    }
  }

  @Test("Past it, no node is begun, and the run says so")
  func late() async throws {
    try await withCluster { cluster in
      let soon = Date().addingTimeInterval(3600).formatted(.iso8601)
      let run = try await cluster.prepull("run", cluster.web, "--not-after", soon)
      #expect(run.exitCode == 0, "\(run)")
      let kept = try await cluster.prepull("run", "--keep", cluster.web, "--not-after", soon)
      #expect(kept.exitCode == 2, "\(kept)")
    }
  }
}
