import Workloads
import Documents
import Testing

@testable import CLI

@Suite("YAML, as kubectl reads it", .timeLimit(.minutes(10)))
struct YAMLTests {
  @Test func documentsBecomeJSON() throws {
    let text = """
      # a list of images
      a: 1
      b: [x, 'y', "1", true, null, 1.5, ~]
      c: {on: yes, quoted: 'yes'}
      ---
      ---
      base: &base {image: nginx, name: one}
      other:
        <<: *base
        name: two
      text: |
        a
        b
      """
    let documents = try YAMLDocuments.parse(text)
    #expect(documents.map(\.line) == [2, 7])
    #expect(
      documents[0].json == [
        "a": 1, "b": ["x", "y", "1", true, .null, 1.5, .null], "c": ["true": true, "quoted": "yes"],
      ])
    #expect(documents[1].json["other"] == ["image": "nginx", "name": "two"])
    #expect(documents[1].json["text"] == "a\nb")
  }

  @Test func valuesHaveLines() throws {
    let text = """
      # a comment about nginx
      a: {nginx: 1}
      ---
      base: &base
        image: nginx
      list:
      - name: nginx
        <<: *base
      - *base
      - {name: two,
         image: nginx}
      text: |
        nginx
      """
    let documents = try YAMLDocuments.parse(text, places: true)
    func line(_ route: DocumentStep...) -> Int { documents[1].line(of: route) }
    #expect(documents[0].line(of: [.key("a"), .key("nginx")]) == 2)
    #expect(line() == 4)
    #expect(line(.key("list"), .index(0), .key("name")) == 7)
    #expect(line(.key("list"), .index(0), .key("image")) == 5, "merged in")
    #expect(line(.key("list"), .index(1), .key("image")) == 5, "behind an alias")
    #expect(line(.key("list"), .index(2), .key("image")) == 11)
    #expect(line(.key("list"), .index(2), .key("none")) == 10, "of what is missing, that in which it is")
    #expect(line(.key("list"), .index(3)) == 7)
    #expect(line(.key("text")) == 12)
    let json = try YAMLDocuments.parse("{\"a\": 1,\n\"b\": [\n2]}", places: true)
    #expect(json[0].line(of: [.key("b"), .index(0)]) == 3)
    #expect(try YAMLDocuments.parse("{\"a\":\n\t1}", places: true)[0].line(of: [.key("a")]) == 2)
    #expect(try YAMLDocuments.parse("{\"a\":\n1}")[0].line(of: [.key("a")]) == 1, "when nobody asked for places")
  }

  @Test(arguments: ["a: 1\n", "---\r\na: 1\r\n", "\r\na: 1\r\n", "{\"a\": 1}"])
  func aByteOrderMarkIsNoneOfIt(text: String) throws {
    #expect(try YAMLDocuments.parse("\u{FEFF}" + text).map(\.json) == [["a": 1]])
  }

  @Test(
    "Each document may begin with a byte order mark",
    arguments: [
      "a: 1\n---\n\u{FEFF}a: 2\n", "a: 1\n\u{FEFF}---\na: 2\n", "\u{FEFF}a: 1\n\u{FEFF}---\n\u{FEFF}# b\n\na: 2\n",
      "a: 1\n...\n\u{FEFF}a: 2\n", "a: 1\n\u{FEFF}# the second file\n---\na: 2\n\u{FEFF}",
      "{\"a\": 1}\n\u{FEFF}{\"a\": 2}", "{\"a\": 1}\u{FEFF}{\"a\": 2}", "a: 1\r\n---\r\n\u{FEFF}a: 2\r\n",
    ])
  func marksBetweenDocuments(text: String) throws {
    #expect(try YAMLDocuments.parse(text).map(\.json) == [["a": 1], ["a": 2]])
  }

  @Test(
    "JSON values stand one after the other, beside YAML or without",
    arguments: [
      "{\"a\":1}{\"a\":2}", "{\"a\":1}\n{\"a\":2}\n", "{\n\"a\": 1\n}\n\n{\n\"a\": 2\n}", "{\"a\":1}\n---\n{\"a\":2}",
      "# two\n---\n{\"a\":1} # one\n{\"a\":2}\n...\n", "a: 1\n---\n{\"a\":2}", "{\"a\":1}\n---\na: 2\n",
      "--- {\"a\":1}\n--- {\"a\":2}", "a: 1\n---# the second\na: 2\n", "---#x\n{\"a\":1}\n---#x\n{\"a\":2}",
      "%YAML 1.1\n---\na: 1\n---\n  {a: 2}\n", "{\"a\":1} null {\"a\":2}",
    ])
  func streams(text: String) throws {
    #expect(try YAMLDocuments.parse(text, places: true).map(\.json) == [["a": 1], ["a": 2]])
  }

  @Test func documentsOfAStreamHaveTheirLines() throws {
    let documents = try YAMLDocuments.parse("{\"a\": [\n1]}\n{\n\"a\": [\n2]}\n---\n\na:\n- 3\n", places: true)
    #expect(documents.map(\.line) == [1, 3, 8])
    #expect(documents.map { $0.line(of: [.key("a"), .index(0)]) } == [2, 5, 9])
  }

  @Test(
    "Of equal keys the last one holds, and that is said with its line",
    arguments: [
      ("a: 1\nb: {x: 1}\na: 2\nb:\n  z: 2\n", ["a 3", "b 4"]),
      ("{\"a\":1,\"b\":0,\n\"a\":2,\n\"b\":{\"z\":2}}", ["a 2", "b 3"]),
      ("---\n\n{a: 1, a: 2, b: {z: 1,\n z: 2}}", ["a 3", "z 4"]),
      ("a: 1\n\"a\": 2\nb: &b {z: 2}\n", ["a 2"]), ("<<: {a: 1, b: 1}\na: 2\nb: {z: 2}\n", []),
      ("b: {z: 2}\na: 1\n<<: {a: 2}\n", []),
    ])
  func duplicates(text: String, expected: [String]) throws {
    let document = try #require(try YAMLDocuments.parse(text).first)
    #expect(document.json == ["a": 2, "b": ["z": 2]])
    #expect(document.duplicates.map { "\($0.key) \($0.line)" } == expected)
  }

  @Test(
    "Scalars stand for what sigs.k8s.io/yaml takes them for",
    arguments: [
      ("yes", true), ("y", true), ("Off", false), ("yEs", "yEs"), ("0755", 493), ("0o17", 15), ("08", 8),
      ("1_000", 1000),
      ("190:20", "190:20"), ("1.10", 1.1), ("~", .null), ("2001-01-01", "2001-01-01"), ("0x1F", 31), ("-0b11", -3),
      ("+1", 1), ("1e3", 1000), ("!!str 12", "12"), ("!!binary aGk=", "hi"), ("=", "="), (".5", 0.5), ("1.", 1),
      ("-0", 0), ("_1", "_1"), ("0x", "0x"), ("1e400", "1e400"), ("Null", .null), ("! 12", "12"), ("!foo 12", "12"),
      ("'12'", "12"), ("1.2.3", "1.2.3"), ("1e", "1e"),
      ("12345678901234567890", 12_345_678_901_234_567_890.0),
      ("!!float 3", 3), ("\"\\/\"", "/"),
    ] as [(String, JSON)])
  func scalars(text: String, expected: JSON) throws {
    #expect(try YAMLDocuments.parse("k: \(text)").first?.json == ["k": expected])
  }

  @Test func keysAreTexts() throws {
    #expect(
      try YAMLDocuments.parse("{on: a, 1: b, 1.5: c, 0x10: d}").first?.json == [
        "true": "a", "1": "b", "1.5": "c", "16": "d",
      ])
  }

  @Test func ofMergedObjectsTheFirstCounts() throws {
    #expect(
      try YAMLDocuments.parse("x: {a: 0, <<: [{a: 1}, {a: 2, b: 3}], c: 4}").first?.json == [
        "x": ["a": 1, "b": 3, "c": 4]
      ])
    #expect(try YAMLDocuments.parse("'<<': {a: 1}").first?.json == ["<<": ["a": 1]])
  }

  @Test func jsonIsReadAsItIs() throws {
    #expect(
      try YAMLDocuments.parse("{\n\t\"a\": \"yes\", \"b\": 9007199254740993\n}").map(\.json) == [
        ["a": "yes", "b": 9_007_199_254_740_993]
      ])
    #expect(try YAMLDocuments.parse("").isEmpty)
    #expect(try YAMLDocuments.parse("# nothing\n").isEmpty)
  }

  @Test(
    "What is wrong is said with its line, and without what stands there",
    arguments: [
      ("a: 1\n\tb: secret", 2, "tab"), ("a: 1\n---\nb: 2\n---\n\n\tc: secret", 6, "tab"),
      ("a: [secret", 2, "did not find expected"), ("a: *secret", 1, "undefined alias"), ("? [a]\n: secret", 1, "a key"),
      ("a: b: secret", 1, "not allowed"), ("<<: secret", 1, "'<<' takes an object"), ("~: secret", 1, "a key"),
      ("a: .inf", 1, "no number that JSON knows"), ("a: !!int secret", 1, "!!int"),
      ("{\"a\": 1}, {\"secret\": 2}", 1, "did not find expected"),
      ("a: 1\n\u{FEFF}a: secret", 2, "put together without '---'"),
    ])
  func malformed(text: String, line: Int, reason: String) {
    let error = #expect(throws: YAMLError.self) { try YAMLDocuments.parse(text) }
    #expect(error?.line == line, "\(String(describing: error))")
    #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    #expect(error?.description.contains("secret") == false)
  }

  @Test func aliasesCannotFillTheMemory() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      text += "a\(level): &a\(level) [\((0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n"
    }
    let error = #expect(throws: YAMLError.self) { try YAMLDocuments.parse(text, largest: 10_000) }
    #expect(error?.reason == "its aliases make it too large")
  }
}
