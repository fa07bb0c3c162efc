import Documents
import Testing

@Suite("Text of others", .timeLimit(.minutes(1)))
struct ForeignTextTests {
  @Test(
    "Nothing that moves a terminal, hides or turns text around gets through",
    arguments: [
      ("a\u{1B}[31mb\r\n\tc\u{202E}d\u{0}", "a [31mb c d"), ("\u{9B}2Jx", "2Jx"), ("x\u{2066}y\u{2069}", "x y"),
      ("a\u{200B}b\u{FEFF}", "a b"), ("\u{1B}]0;title\u{7}done", "]0;title done"),
      ("a\u{85}b\u{2028}c\u{2029}", "a b c"),
      ("ok", "ok"), ("", ""), ("  two   words ", "two words"), ("naïve 日本語 😀", "naïve 日本語 😀"),
    ])
  func clean(text: String, expected: String) {
    #expect(ForeignText.clean(text) == expected)
  }

  @Test("Long text is cut by its characters")
  func limit() {
    #expect(ForeignText.clean(String(repeating: "é", count: 20), limit: 10) == String(repeating: "é", count: 9) + "…")
    #expect(ForeignText.clean(String(repeating: "e", count: 10), limit: 10).count == 10)
  }
}
