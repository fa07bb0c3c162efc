@testable import ImageSources
import Testing

@Suite("Sources: versions and ranges", .timeLimit(.minutes(2)))
struct VersionTests {
  @Test(
    "Versions are in the order of the specification, section 11")
  func order() {
    let texts = [
      "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
      "1.0.0", "1.0.1", "v1.2.0", "1.10.0", "2.0.0-0", "2.0.0",
    ]
    let versions = texts.compactMap { SemanticVersion($0) }
    #expect(versions.count == texts.count && versions.shuffled().sorted() == versions)
  }

  @Test(
    "What is no version is none",
    arguments: [
      "", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "latest", "vv1.2.3", "V1.2.3",
      "1.2.x", "2024.05.01", "1.2.99999999999999999999", "1.2.3-a_b", "sha-1.2.3", "1.-2.3",
    ])
  func none(_ text: String) {
    #expect(SemanticVersion(text) == nil)
  }

  @Test(
    "Ranges take in what Helm, Flux and npm take in",
    arguments: [
      (">=1.4 <2", ["1.4.0", "1.99.9"], ["1.3.9", "2.0.0", "1.5.0-rc.1", "2.0.0-rc.1"]),
      (">=1.4, <2", ["1.4.0"], ["2.0.0"]), (">= 1.4 < 2", ["1.4.0"], ["2.0.0"]),
      ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]), ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
      ("^0.0.3", ["0.0.3"], ["0.0.4"]), ("^0", ["0.9.9"], ["1.0.0"]), ("^0.0", ["0.0.9"], ["0.1.0"]),
      ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"]), ("~1.2", ["1.2.0"], ["1.3.0"]), ("~1", ["1.9.0"], ["2.0.0"]),
      ("1.x", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.0"]), ("1.2.*", ["1.2.7"], ["1.3.0"]), ("1.2", ["1.2.7"], ["1.3.0"]),
      ("*", ["0.0.1", "9.9.9"], ["1.0.0-rc.1"]), ("1.2.3", ["1.2.3", "v1.2.3"], ["1.2.4"]),
      ("1.2 - 1.4", ["1.2.0", "1.4.9"], ["1.1.9", "1.5.0"]), ("1.2.3 - 1.4.0", ["1.4.0"], ["1.4.1"]),
      (">1.4", ["1.5.0"], ["1.4.9"]), (">1.4.2", ["1.4.3"], ["1.4.2"]), ("<=1.4", ["1.4.9"], ["1.5.0"]),
      ("<=1.4.2", ["1.4.2"], ["1.4.3"]), ("!=1.4.2 ^1.4", ["1.4.3"], ["1.4.2"]),
      ("^1 || ^3", ["1.0.0", "3.1.0"], ["2.0.0"]),
      (">=1.4-0 <2", ["1.5.0-rc.1", "1.4.0"], ["1.3.0"]), ("1.5.0-rc.1", ["1.5.0-rc.1"], ["1.5.0"]),
      ("=v1.2.3", ["1.2.3"], ["1.2.4"]), ("~> 1.2", ["1.2.9"], ["1.3.0"]),
    ] as [(String, [String], [String])])
  func ranges(_ text: String, _ inside: [String], _ outside: [String]) throws {
    let range = try VersionRange(parsing: text)
    for version in inside { #expect(range.contains(try #require(SemanticVersion(version))), "\(text): \(version)") }
    for version in outside { #expect(!range.contains(try #require(SemanticVersion(version))), "\(text): \(version)") }
  }

  @Test(
    "What is no range says why",
    arguments: ["", " ", "^1 ||", "latest", ">=", "1.2.3.4", ">>1.2", "1.2 -", "- 1.2", "1.x.2", ">=1.4 foo", "01.2"])
  func faults(_ text: String) {
    #expect(throws: VersionRange.Fault.self) { try VersionRange(parsing: text) }
  }
}
