import ImageModel
import Foundation
import Testing

@Suite("Why an image is not there", .timeLimit(.minutes(1)))
struct WarmFailureTests {
  @Test("What enters from registries, runtimes and clusters cannot steer a terminal, read back or not")
  func cleaned() throws {
    let failure = WarmFailure(code: "fault", detail: "a\u{1b}[2Jb\r\nc\u{202e}d.", remedy: "try\u{7} again.")
    #expect(failure.detail == "a [2Jb c d")
    #expect(failure.remedy == "try again.")
    let text = #"{"code":"fault","detail":"a\u001b[2Jb\r\nc\u202ed.","remedy":"try\u0007 again."}"#
    #expect(try JSONDecoder().decode(WarmFailure.self, from: Data(text.utf8)) == failure)
    #expect(try JSONDecoder().decode(WarmFailure.self, from: JSONEncoder().encode(failure)) == failure)
  }
}
