import Documents
import NodeAgent
import Testing

@Suite("YAML of nodes", .timeLimit(.minutes(2)))
struct YAMLTextTests {
  @Test("Values are those of the kubelet's configuration")
  func values() throws {
    let json = try YAMLText.parse(
      """
      # a comment
      kind: KubeletConfiguration
      imageGCHighThresholdPercent: 85
      quoted: "85"
      flags: {a: true, b: ~, c: 1.5e3}
      list:
      - one
      - "tw\\"o"
      octal: 010
      """)
    #expect(
      json == [
        "kind": "KubeletConfiguration", "imageGCHighThresholdPercent": 85, "quoted": "85",
        "flags": ["a": true, "b": .null, "c": .number(1500)], "list": ["one", "tw\"o"], "octal": "010",
      ])
    #expect(try YAMLText.parse("") == .null)
    #expect(try YAMLText.parse(#"{"json": [1, "two"]}"#) == ["json": [1, "two"]])
  }

  @Test("What cannot be read is named with its line")
  func faults() {
    func fault(_ text: String) -> String? {
      do throws(YAMLText.Fault) { _ = try YAMLText.parse(text) } catch { return error.description }
      return nil
    }
    #expect(fault("a: b\nc: [1\n")?.contains("line") == true)
    #expect(fault("a: &x [*x]")?.contains("refers to itself") == true)
    #expect(fault("[a]: 1")?.contains("no text") == true)
    #expect(fault(String(repeating: "[", count: 5000)) != nil)
    // Each line doubles the one before.
    let bomb =
      "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
      + (1...9).map { "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ",") + "]\n" }
      .joined()
    #expect(fault(bomb)?.contains("16 MB") == true)
  }
}
