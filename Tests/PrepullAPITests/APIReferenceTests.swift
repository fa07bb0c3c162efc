@testable import PrepullAPI
import Foundation
import Testing

@Suite("API: reference", .timeLimit(.minutes(10))) struct APIReferenceTests {
  /// Set PREPULL_UPDATE_GOLDEN=1 to write the file again, then read the difference.
  @Test("docs/api.md is what the schema says")
  func reference() throws {
    let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    let file = root.appending(path: "docs/api.md")
    if ProcessInfo.processInfo.environment["PREPULL_UPDATE_GOLDEN"] == "1" {
      try APIReference.markdown.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(APIReference.markdown == (try String(contentsOf: file, encoding: .utf8)))
  }
}
