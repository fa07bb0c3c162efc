import Documents
import Engines
import Testing

@testable import CLI

@Suite("YAML, as kubectl reads it")
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
        "a": 1, "b": ["x", "y", "1", true, .null, 1.5, .null], "c": ["on": true, "quoted": "yes"],
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
      ("a: 1\n\tb: secret", 2, "tab"), ("a: 1\nb: 2\na: secret", 1, "'a' stands there twice"),
      ("a: [secret", 2, "did not find expected"), ("a: *secret", 1, "undefined alias"), ("? [a]\n: secret", 1, "a key"),
      ("a: b: secret", 1, "not allowed"),
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
