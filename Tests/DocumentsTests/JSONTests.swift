import Documents
import Testing

@Suite("JSON of any shape", .timeLimit(.minutes(2)))
struct JSONTests {
  @Test(
    "Text survives reading and writing",
    arguments: [
      "null", "true", "[]", "{}", "0", "-7", "9223372036854775807", "1.5", #""""#, #"["a",1,null,{"b":[]}]"#,
      #"{"a":{"b":"\"\\\n\r\t\u0001é😀/"}}"#,
    ])
  func roundTrip(text: String) throws {
    #expect(try JSON(parsing: text).text == text)
    #expect(try JSON(parsing: " \(text)\n").decoded(as: JSON.self) == JSON(parsing: text))
  }

  @Test("Escapes are the characters they stand for")
  func escapes() throws {
    #expect(try JSON(parsing: #""\u0041\/\b\f\ud83d\ude00\ud83dx""#) == "A/\u{8}\u{c}😀\u{fffd}x")
  }

  @Test(
    "What is not JSON is refused with the place",
    arguments: [
      ("", 0), ("{", 1), ("[1,]", 3), ("01", 0), ("1.", 0), ("\"a", 2), ("{\"a\" 1}", 5), ("tru", 0), ("1 2", 2),
      ("\"\\x\"", 3), ("\"\u{1}\"", 1), ("+1", 0), ("1e400", 5), (#""\u00g0""#, 3),
    ])
  func refusals(text: String, offset: Int) throws {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(error?.offset == offset, "\(error?.description ?? "no error")")
  }

  @Test("Bytes that are not UTF-8 are replaced as Go replaces them; endless nesting is refused")
  func hostile() throws {
    #expect(try JSON(parsing: [0x22, 0xff, 0x22] as [UInt8]) == "\u{fffd}")
    #expect(try JSON(parsing: [0x22, 0x5c, 0x6e, 0xfc, 0x22] as [UInt8]) == "\n\u{fffd}")
    #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
  }

  @Test("Numbers keep their kind")
  func numbers() throws {
    #expect(try JSON(parsing: "12") == .integer(12))
    #expect(try JSON(parsing: "12.0") == .number(12))
    #expect(try JSON(parsing: "9223372036854775808") == .number(9_223_372_036_854_775_808))
  }

  @Test("Members are read and set along a path")
  func paths() {
    var value: JSON = ["a": ["b": 1]]
    #expect(value[path: "a", "b"] == 1)
    value[path: "a", "c", "d"] = "x"
    #expect(value == ["a": ["b": 1, "c": ["d": "x"]]])
    value[path: "a", "b"] = nil
    value[path: "no", "such"] = nil
    #expect(value == ["a": ["c": ["d": "x"]]])
  }

  @Test("A merge patch changes, adds and removes (RFC 7396)")
  func mergePatch() throws {
    let target: JSON = ["title": "Goodbye!", "author": ["given": "John", "family": "Doe"], "tags": ["a", "b"]]
    let patch: JSON = ["title": "Hello!", "author": ["family": .null], "phone": ["no": 1, "x": .null], "tags": ["a"]]
    let expected: JSON = ["title": "Hello!", "author": ["given": "John"], "phone": ["no": 1], "tags": ["a"]]
    #expect(target.merging(patch: patch) == expected)
    #expect(JSON.string("x").merging(patch: ["a": ["b": .null]]) == ["a": [:]])
  }
}
