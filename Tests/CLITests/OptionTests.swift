import ArgumentParser
import Engines
import Testing

@testable import CLI

@Suite("Option values")
struct OptionTests {
  @Test(
    arguments: [
      ("90s", 90), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("2m0.5s", 120.5),
    ] as [(String, Double)])
  func timeSpans(text: String, seconds: Double) {
    #expect(TimeSpan(argument: text)?.duration == .seconds(seconds))
  }

  @Test(arguments: ["", "5", "s", "5x", "-5s", "0s", "1e9h", "5 s", "5s ", "1..5s"])
  func noTimeSpans(text: String) {
    #expect(TimeSpan(argument: text) == nil)
  }

  @Test func imagesAreMergedAndFaultsNamedTogether() throws {
    var arguments = try ImageArguments.parse(["nginx:1.27", "docker.io/library/nginx:1.27", "redis:7"])
    let wanted = try arguments.wanted()
    #expect(wanted.images.map(\.given) == ["nginx:1.27", "redis:7"])
    #expect(wanted.repeated == ["docker.io/library/nginx:1.27"])

    arguments = try ImageArguments.parse(["Nginx", "redis:7", "a b"])
    let error = #expect(throws: ValidationError.self) { try arguments.wanted() }
    #expect(error?.message.contains("'Nginx'") == true)
    #expect(error?.message.contains("'a b'") == true)
  }

  @Test func anEmptyListIsRefused() throws {
    let arguments = try ImageArguments.parse([])
    let error = #expect(throws: ValidationError.self) { try arguments.wanted() }
    #expect(error?.message.contains("at least one image") == true)
  }
}
