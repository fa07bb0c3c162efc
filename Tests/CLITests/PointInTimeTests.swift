import ArgumentParser
import Documents
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
    #expect(throws: Never.self) { try PointInTime(parsing: "2028-02-29T06:00:00Z", now: now, berlin) }
    for text in ["2027-02-30T06:00:00Z", "2027-04-31T06:00:00+02:00", "2027-13-01T06:00:00Z", "2027-02-29T06:00:00Z"] {
      #expect(throws: (any Error).self, "\(text)") { _ = try PointInTime(parsing: text, now: now, berlin) }
    }
    for text in ["", "6", "24:00", "06:60", "-1:00", "06:00:00", "tomorrow", "2026-11-30T19:59:59Z", "2026-12-01"] {
      #expect(throws: (any Error).self, "\(text)") { _ = try PointInTime(parsing: text, now: now, berlin) }
    }
  }

  @Test("How a time was understood is said with its date, its zone and how far it is")
  func words() throws {
    let now = try Date("2026-11-30T21:25:00Z", strategy: .iso8601)
    let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
    for (text, expected) in [
      ("22:10", "2026-12-01 22:10 Europe/Berlin (in 23 h 45 min)"),
      ("22:30", "2026-11-30 22:30 Europe/Berlin (in 5 min)"),
      ("2026-12-03T21:25:00Z", "2026-12-03 22:25 Europe/Berlin (in 3 d)"),
      ("2026-11-30T21:25:20Z", "2026-11-30 22:25:20 Europe/Berlin (in less than a minute)"),
    ] { #expect(try PointInTime(parsing: text, now: now, berlin).words(now: now, berlin) == expected) }
  }

  @Test(
    "The plan says until when nodes are begun and how seeds are chosen, as text and as JSON, before anything is done")
  func plan() async throws {
    try await withCluster { cluster in
      let time = Date().addingTimeInterval(23.75 * 3600 + 20)
      let style = Date.ISO8601FormatStyle(timeZone: .current).time(includingFractionalSeconds: false)
      let text = String(time.formatted(style).prefix(5))
      let arguments = ["run", "--dry-run", cluster.web, "--not-after", text, "--seeds", "2", "--parallelism", "10"]
      let environment = ["KUBECONFIG": cluster.kubeconfig, "TZ": TimeZone.current.identifier]
      let run = try await PrepullProgram.run(arguments, environment: environment)
      #expect(run.exitCode == 0, "\(run)")
      let day = time.formatted(Date.ISO8601FormatStyle(timeZone: .current).year().month().day())
      #expect(run.output.contains("Until  \(day) \(text) \(TimeZone.current.identifier) (in 23 h 4"), "\(run.output)")
      #expect(
        run.output.contains("Seeds  2 nodes pull each image first, then twice as many, up to 3 at a time: "),
        "\(run.output)")
      let many = try await PrepullProgram.run(
        ["run", "--dry-run", cluster.web, "--seeds", "60", "--parallelism", "2"], environment: environment)
      #expect(
        many.output.contains("Seeds  2 nodes pull each image first, no more than 2 at a time: "), "\(many.output)")
      let json = try await PrepullProgram.run(arguments + ["-o", "json"], environment: environment)
      let plan = try #require(try events(json).first)
      #expect(plan["seeds"] == 2, "\(plan)")
      #expect(plan["notAfter"]?.string?.hasPrefix(day) == true || plan["notAfter"]?.string?.hasSuffix("Z") == true)
      #expect((85_000...86_400).contains(plan["notAfterSeconds"]?.integer ?? 0), "\(plan)")
      let plain = try await PrepullProgram.run(["run", "--dry-run", cluster.web], environment: environment)
      #expect(!plain.output.contains("Until") && !plain.output.contains("Seeds"), "\(plain.output)")
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
