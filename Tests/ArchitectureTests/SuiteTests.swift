import Foundation
import Testing

/// What holds for all suites, whatever they test.
@Suite("Suites", .timeLimit(.minutes(2))) struct SuiteTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The sources of all test targets, without this file, by their path below `Tests`.
  private static func files() throws -> [(path: String, text: String)] {
    let folder = repository.appending(path: "Tests")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" && $0.path != URL(filePath: #filePath).path }
    return try (files ?? []).map {
      (String($0.path.dropFirst(folder.path.count + 1)), try String(contentsOf: $0, encoding: .utf8))
    }
  }

  /// The attributes of a name, `@Suite(…)` or `@Test(…)`, that begin a line.
  private static func attributes(_ name: String, of text: String) throws -> [String] {
    try text.matches(of: Regex("(?m)^ *@\(name)\\b")).map { match in
      var depth = 0
      var end = match.range.upperBound
      guard end < text.endIndex, text[end] == "(" else { return String(text[match.range]) }
      repeat {
        depth += text[end] == "(" ? 1 : text[end] == ")" ? -1 : 0
        end = text.index(after: end)
      } while depth > 0 && end < text.endIndex
      return String(text[match.range.lowerBound..<end])
    }
  }

  @Test("Every suite, and every test outside of one, has a time limit: a hang is a failure")
  func timeLimits() throws {
    for (path, text) in try Self.files() {
      let suites = try Self.attributes("Suite", of: text)
      // Of a suite in another file, which has the limit.
      let isPart = text.contains(/extension (Daemons|\w+Tests) \{/)
      let free = suites.isEmpty && !isPart ? try Self.attributes("Test", of: text) : []
      for attribute in suites + free { #expect(attribute.contains(".timeLimit("), "\(path): \(attribute)") }
    }
  }

  /// What starts programs of others, or the built one.
  private static let starters = [
    "PrepullProgram.", "await withCluster", "ClusterShell(", "Kubectl.with", "withContainerd", "withDockerd",
    "withRealRegistry", "RegistryKind", "Tool.output(", "\"kubectl\", [", "unshare", "withSmallFileSystem",
    "Browser.with",
  ]

  @Test("scripts/test --quick leaves out every suite that starts a program")
  func quick() throws {
    let script = try String(contentsOf: Self.repository.appending(path: "scripts/test"), encoding: .utf8)
    let list = try #require(script.firstMatch(of: /needs_more=\(([^)]*)\)/)).1
    let leftOut = Set(list.split(whereSeparator: \.isWhitespace).map(String.init))
    let files = try Self.files()
    for (path, text) in files where !path.hasPrefix("TestKit/") {
      guard let starter = Self.starters.first(where: text.contains) else { continue }
      let names = text.matches(of: /(?:struct|enum|extension) (\w+Tests|\w+Suite|Daemons)\b/).map { String($0.1) }
      // Helpers of other files have no tests.
      guard text.contains("@Test"), !names.isEmpty else { continue }
      #expect(!leftOut.isDisjoint(with: names), "\(path) uses \(starter)")
    }
    for name in leftOut {
      #expect(files.contains { $0.text.contains(" \(name)") }, "there is no suite \(name); see scripts/test")
    }
  }
}
