import Documents
import Testing

@testable import KubeAPIServer

@Suite("Patterns of schemas", .timeLimit(.minutes(1))) struct LinearPatternTests {
  @Test(
    "Patterns fit as Go's do",
    arguments: [
      ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", ["a", "a-b", "0"], ["", "-a", "a-", "A"]),
      ("^(0|[1-9][0-9]*)%?$", ["0", "10", "10%"], ["01", "%", "1.5"]),
      ("a{2,3}b", ["aab", "xaaaby"], ["ab", "aa"]), ("^a{2}$", ["aa"], ["a", "aaa"]),
      ("^a{2,}$", ["aa", "aaaa"], ["a"]),
      ("^(?:ab|cd)+$", ["ab", "abcd"], ["", "a", "abc"]), (#"^\d+\.\w*\s?$"#, ["1.", "1.x "], [".", "1"]),
      ("^[^/]+/[^/]+$", ["a/b"], ["a", "a/b/c"]), ("(?i)^nginx$", ["NGINX", "nginx"], ["ngin"]),
      (#"^[\w.-]+$"#, ["a.b-c"], ["a b"]), ("^.$", ["x"], ["", "xy", "\n"]), ("^[]a]$", ["]", "a"], ["b"]),
      ("^$|^x$", ["", "x"], ["y"]), ("", ["", "a"], []), (#"^\x41\u?"#, [], []), ("^a{,2}$", ["a{,2}"], ["a"]),
      (#"^(?P<n>a)\z"#, ["a"], ["b"]), ("x*", ["", "y"], []),
    ] as [(String, [String], [String])])
  func fits(_ pattern: String, _ yes: [String], _ no: [String]) throws {
    if yes.isEmpty, no.isEmpty {
      #expect(throws: LinearPattern.Fault.self) { try LinearPattern(pattern) }
      return
    }
    let compiled = try LinearPattern(pattern)
    for text in yes { #expect(compiled.matches(in: text), "\(pattern) and \(text)") }
    for text in no { #expect(!compiled.matches(in: text), "\(pattern) and \(text)") }
  }

  @Test(
    "What backtracking takes for ever is matched at once", arguments: ["^(a+)+$", "^(a|a)*$", "^(a*)*b$", "(.*)*x$"])
  func linear(_ pattern: String) throws {
    let text = String(repeating: "a", count: 20_000) + "!"
    #expect(try !LinearPattern(pattern).matches(in: text))
  }

  @Test(arguments: ["(", ")", "[", "*a", "a{2000}", #"a\"#, "[z-a]", "((((a{100}){100}){100}){100})"])
  func brokenPatternsAreRefused(_ pattern: String) {
    #expect(throws: LinearPattern.Fault.self) { try LinearPattern(pattern) }
  }

  @Test func piecesAreAsLongAsCanBe() throws {
    #expect(try LinearPattern("[0-9]+").places(in: "a12b3") == ["12", "3"])
    #expect(try LinearPattern("a|ab").places(in: "abab") == ["ab", "ab"])
  }

  @Test func aPatternOfASchemaIsCompiledOnce() {
    let schema: JSON = ["type": "string", "pattern": "^compiled-once-[a-z]+$"]
    let before = PatternTable.shared.count
    for _ in 0..<100 { _ = StructuralSchema.problems(in: "compiled-once-x", schema, at: "a") }
    #expect(PatternTable.shared.count <= before + 20)
    #expect(StructuralSchema.problems(in: "no", schema, at: "a").count == 1)
  }
}
