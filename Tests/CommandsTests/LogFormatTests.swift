import Documents
import Foundation
import Logging
import TestKit
import Testing

@testable import Commands

@Suite("Log lines", .timeLimit(.minutes(10)))
struct LogFormatTests {
  private let date = Date(timeIntervalSince1970: 1_767_323_045.5)
  private let metadata: Logger.Metadata = [
    "node": "a", "reason": "two \"words\"", "level": "own", "list": ["x", "y"],
  ]

  @Test("JSON lines begin with time, level and message, and keep all metadata")
  func json() throws {
    let line = LogFormat.json.line(.warning, "it\nfailed", metadata, at: date)
    #expect(
      line == #"{"time":"2026-01-02T03:04:05.500000Z","level":"warning","msg":"it\nfailed","level_":"own","#
        + #""list":["x","y"],"node":"a","reason":"two \"words\""}"#)
    #expect(try JSON(parsing: Array(line.utf8))["level_"] == "own")
  }

  @Test("Text lines are one line each, with what is more than a word in quotes")
  func text() {
    let line = LogFormat.text.line(.info, "it\nfailed", metadata, at: date)
    #expect(
      line == #"2026-01-02T03:04:05.500000Z info: it; failed level=own list="[\"x\", \"y\"]" node=a "#
        + #"reason="two \"words\"""#)
  }

  @Test("What a controller says as it ends is a JSON line too where its lines are, and text elsewhere")
  func lastLine() throws {
    for arguments in [
      ["prepull", "controller", "--log-format=json"], ["kubectl-prepull", "controller", "-v", "--log-format", "json"],
    ] {
      let line = try #require(LogFormat.lastLine("Error: it\nfailed\n", arguments: arguments, at: date))
      #expect(line.hasSuffix("\n") && line.count { $0 == "\n" } == 1)
      let json = try JSON(parsing: Array(line.utf8))
      #expect(json["level"] == "critical" && json["error"] == "it\nfailed" && json["time"] != nil)
    }
    for arguments in [
      ["prepull", "controller"], ["prepull", "controller", "--log-format", "text"], ["prepull", "run", "json"],
    ] {
      #expect(LogFormat.lastLine("Error: no\n", arguments: arguments, at: date) == nil)
    }
  }

  @Test(
    "The program's last line before its end is JSON, whatever ends it",
    arguments: [
      ["--kubeconfig", "/nonexistent"], ["--max-pods", "0"], ["--no-such-option"], ["--token", "x", "-s", "%%"],
    ])
  func program(arguments: [String]) async throws {
    let outcome = try await PrepullProgram.run(["controller", "--log-format", "json"] + arguments)
    #expect(outcome.exitCode == 1 || outcome.exitCode == 2)
    let lines = outcome.errors.split(separator: "\n")
    #expect(!lines.isEmpty)
    for line in lines { #expect((try? JSON(parsing: Array(line.utf8)))?["msg"] != nil, "\(line)") }
    #expect(try JSON(parsing: Array((lines.last ?? "").utf8))["level"] == "critical")
  }
}
