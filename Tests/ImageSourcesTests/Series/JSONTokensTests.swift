@testable import ImageSources
import Testing

@Suite("Sources: JSON in pieces", .timeLimit(.minutes(2)))
struct JSONTokensTests {
  private static func read(_ text: String, piece: Int = .max) throws -> [String] {
    var tokens = JSONTokens()
    var all: [String] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      try tokens.feed(rest.prefix(piece)) { token, text in
        all.append(
          [.key, .string, .number, .word].contains(token)
            ? "\(token) \(String(decoding: text, as: UTF8.self))" : "\(token)")
      }
      rest = rest.dropFirst(piece)
    }
    #expect(tokens.isOver)
    return all
  }

  @Test("The same tokens come whatever the pieces are", arguments: [1, 2, 3, 7, 1000])
  func pieces(_ piece: Int) throws {
    let text = #" {"a\n\u00e9":[1,-2.5e+3,true,null,{}, []], "😀":"\ud83d\ude00\/\\\"", "b":{"c":""}} "#
    #expect(
      try Self.read(text, piece: piece) == [
        "objectBegins", "key a\né", "arrayBegins", "number 1", "number -2.5e+3", "word true", "word null",
        "objectBegins", "objectEnds", "arrayBegins", "arrayEnds", "arrayEnds", "key 😀", "string 😀/\\\"", "key b",
        "objectBegins", "key c", "string ", "objectEnds", "objectEnds",
      ])
  }

  @Test("Half of a pair of surrogates is no reason to stop")
  func surrogates() throws {
    #expect(
      try Self.read(#"["\ud83d", "\ud83dx", "\ude00", "\ud83d\n"]"#, piece: 1).filter { $0.hasPrefix("string") } == [
        "string \u{fffd}", "string \u{fffd}x", "string \u{fffd}", "string \u{fffd}\n",
      ])
  }

  @Test(
    "What is no JSON is refused",
    arguments: [
      "[1,,2]", "{\"a\" 1}", "{a: 1}", "[1}", "{\"a\":1]", "[] []", "<html>", "[\"\\x\"]", "[\"\\u12g4\"]",
      String(repeating: "[", count: 100), "[\"\(String(repeating: "a", count: 70_000))\"]",
      "[\(String(repeating: "1", count: 100))]",
    ])
  func faults(_ text: String) {
    #expect(throws: JSONTokens.Fault.self) { try Self.read(text) }
  }
}
