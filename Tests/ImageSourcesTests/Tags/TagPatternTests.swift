@testable import ImageSources
import Testing

@Suite("Sources: expressions for tags", .timeLimit(.minutes(2)))
struct TagPatternTests {
  /// What the tag gives: all that matches, or the group; nil where nothing does.
  private static func match(_ pattern: String, _ tag: String) throws -> String? {
    try TagPattern(parsing: pattern).firstMatch(in: tag).map(String.init)
  }

  @Test(
    "They match as RE2 does",
    arguments: [
      (#"^v?\d+\.\d+$"#, "v1.27", "v1.27"), (#"^v?\d+\.\d+$"#, "1.27.3", nil), ("alpine", "1.27-alpine3", "alpine"),
      ("^(1|2)\\.\\d+$", "2.5", "2"), (#"^(\d+\.\d+\.\d+)-alpine$"#, "1.27.3-alpine", "1.27.3"),
      (#"^(?:v)(?P<version>[\d.]+)"#, "v1.2.3-x", "1.2.3"), (#"^(?<v>\d+)"#, "12a", "12"), ("a{2,3}", "aaaa", "aaa"),
      ("a{2,3}?", "aaaa", "aa"), ("a{2}", "a", nil), ("a{2,}$", "aaaaa", "aaaaa"), ("[^a-c]+", "abcxyz", "xyz"),
      ("[]x]+", "]x", "]x"), ("[a-]+", "a-a", "a-a"), (#"[\d_]+"#, "x1_2", "1_2"), ("a.c", "abc", "abc"),
      ("(a|ab)(c|bcd)", "abcd", "a"), ("x*", "aaa", ""), ("^$", "", ""), ("a|", "b", ""), ("(a)|b", "b", nil),
      (#"\w+\D"#, "ab1-", "ab1-"), (#"\."#, "a.b", "."), ("(a*)*b", "aab", "aa"), ("^a?a?aa$", "aa", "aa"),
    ] as [(String, String, String?)])
  func matches(_ pattern: String, _ tag: String, _ expected: String?) throws {
    #expect(try Self.match(pattern, tag) == expected)
  }

  @Test(
    "What is no expression says why, and where",
    arguments: [
      "(", ")", "a**", "*a", "[a", "[b-a]", "a{3,2}", "a{1000}", "a{", "\\", "\\q", "(?=a)", "(?P<a", "é", "a\nb",
    ])
  func faults(_ pattern: String) {
    let fault = #expect(throws: TagPattern.Fault.self) { try TagPattern(parsing: pattern) }
    #expect(fault?.description.contains("at character") ?? false)
  }

  @Test("An expression that repeats repetitions is no program of any size")
  func tooLarge() {
    #expect(throws: TagPattern.Fault.self) { try TagPattern(parsing: "((a{100}){100}){100}") }
    #expect(throws: TagPattern.Fault.self) { try TagPattern(parsing: String(repeating: "(", count: 300) + "a") }
    #expect(throws: TagPattern.Fault.self) { try TagPattern(parsing: String(repeating: "a", count: 600)) }
  }

  /// A machine that tries one way after the other does 2^120 steps for these.
  @Test("What makes others try for ever is over at once", arguments: ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(.*)*x"])
  func evil(_ pattern: String) throws {
    let tag = String(repeating: "a", count: 127) + "!"
    for _ in 0..<20 { #expect(try Self.match(pattern, tag) == nil) }
  }
}

@Suite("Sources: which tags are wanted", .timeLimit(.minutes(2)))
struct TagFilterTests {
  private static func newest(_ count: Int, _ tags: [String], semver: String? = nil, regex: String? = nil) throws
    -> [String]
  {
    let filter = try TagFilter(semver: semver, regex: regex)
    return TagFilter.newest(count, of: tags.compactMap(filter.match)).map(\.tag)
  }

  @Test("The newest by version, whatever else there is")
  func newest() throws {
    let tags = ["latest", "1.4.0", "v1.10.0", "1.9.3", "1.11.0-rc.1", "2.0.0", "1.9", "sha-abc", "1.10.0-alpine"]
    #expect(try Self.newest(3, tags, semver: ">=1.4 <2") == ["v1.10.0", "1.9.3", "1.4.0"])
    #expect(try Self.newest(1, tags) == ["2.0.0"])
    #expect(try Self.newest(2, tags, regex: "^1\\.") == ["1.11.0-rc.1", "1.10.0-alpine"])
    #expect(try Self.newest(9, tags, semver: "^7").isEmpty)
  }

  @Test("A group says where in a tag the version is")
  func group() throws {
    let tags = ["release-1.9.0-alpine", "release-1.10.0-alpine", "1.11.0", "release-1.8.0-slim"]
    #expect(
      try Self.newest(2, tags, semver: "<1.10", regex: #"^release-(\d+\.\d+\.\d+)-alpine$"#) == ["release-1.9.0-alpine"]
    )
    #expect(
      try Self.newest(2, tags, regex: #"^release-(\d+\.\d+\.\d+)-alpine$"#)
        == ["release-1.10.0-alpine", "release-1.9.0-alpine"])
  }

  @Test("Without a range and an expression, releases are wanted")
  func releases() throws {
    let any = try TagFilter(semver: nil, regex: nil)
    #expect(any.match("2.0.0") != nil && any.match("2.0.0-rc.1") == nil)
    #expect(try TagFilter(semver: nil, regex: "rc").match("2.0.0-rc.1") != nil)
    #expect(try TagFilter(semver: ">=2.0.0-0", regex: nil).match("2.0.0-rc.1") != nil)
  }

  @Test("A fault names its field")
  func faults() throws {
    let range = #expect(throws: TagFilter.Fault.self) { try TagFilter(semver: "newest", regex: nil) }
    let expression = #expect(throws: TagFilter.Fault.self) { try TagFilter(semver: nil, regex: "(") }
    #expect(range?.field == "semver" && range?.description.contains("'newest'") ?? false)
    #expect(expression?.field == "regex" && expression?.description.contains("'('") ?? false)
  }
}
