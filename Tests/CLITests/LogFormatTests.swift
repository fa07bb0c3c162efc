import Documents
import Foundation
import Logging
import Testing

@testable import CLI

@Suite("Log lines")
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
}
