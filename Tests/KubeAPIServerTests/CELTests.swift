import Documents
import Testing

@testable import TestKit

@Suite("CEL: expressions", .timeLimit(.minutes(10))) struct CELTests {
  private static let values: [String: CELValue] = [
    "self": CELValue(
      [
        "name": "web", "size": 3, "share": "10%", "on": true, "tags": ["b", "a"], "labels": ["k": "v"], "ratio": 0.5,
        "wait": "1h30m", "gone": .null,
        "items": [["name": "x", "n": 1], ["name": "y", "n": 2]],
      ], ["properties": ["wait": ["format": "duration"]]])
  ]

  private func evaluate(_ text: String) throws -> CELValue {
    try CELEvaluator(Self.values, patterns: CELPatterns()).value(of: CELParser.expression(text))
  }

  @Test(
    "What holds",
    arguments: [
      "true", "!false", "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3 && 7 % 2 == 1", "-self.size == -3",
      "1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 1 != 2", "1.5 + 1.5 == 3.0", "2u == 2u", "0x10 == 16", "1e3 == 1000.0",
      "'a' + \"b\" == 'ab'", "r'\\d' == '\\\\d'", "'\\u00e9\\n' == 'é\\n'", "'''it's''' == 'it\\'s'", "'a' < 'b'",
      "self.name == 'web' // a remark", "self.on ? true : 1 / 0 == 0", "has(self.name) && !has(self.other)",
      "!has(self.gone)", "self.labels['k'] == 'v' && self.labels.k == 'v' && 'k' in self.labels",
      "size(self.tags) == 2 && self.tags.size() == 2 && self.name.size() == 3 && size('äö') == 2",
      "'a' in self.tags && !('c' in self.tags) && 2 in [1, 2]", "self.tags[0] == 'b'",
      "self.items.all(i, i.n > 0) && self.items.exists(i, i.name == 'y') && self.items.exists_one(i, i.n == 2)",
      "self.items.filter(i, i.n > 1).map(i, i.name) == ['y']", "self.items.map(i, i.n > 1, i.n) == [2]",
      "self.labels.all(k, k == 'k')", "[].all(x, false) && ![].exists(x, true)",
      "{'a': 1}['a'] == 1 && {'a': 1} == {'a': 1}", "[1, 2] + [3] == [1, 2, 3]",
      "self.share.matches(r'^[0-9]+%$') && self.share.endsWith('%') && self.share.startsWith('1')",
      "!'x'.contains('y') && 'abc'.contains('b')", "type(self.share) == string && type(self.size) == int",
      "type(self.on) == bool && type(self.tags) == list && type(null) == null_type",
      "int('12') == 12 && string(12) == '12' && double(1) == 1.0 && string(true) == 'true'",
      "duration('90s') < duration('2m') && self.wait == duration('90m')", "self.wait.getMinutes() == 90",
      "duration('1h') + duration('1m') > duration('1h')",
      "timestamp('2026-01-02T03:04:05Z') < timestamp('2026-01-02T03:04:05.5Z')",
      "'Abc'.lowerAscii() == 'abc' && ' a '.trim() == 'a' && 'a,b'.split(',') == ['a', 'b']",
      "'aXb'.replace('X', '-') == 'a-b' && 'abc'.substring(1) == 'bc' && 'abc'.substring(0, 1) == 'a'",
      "'abc'.indexOf('c') == 2 && 'abab'.lastIndexOf('ab') == 2 && 'abc'.charAt(1) == 'b'",
      "'a1b22'.findAll(r'[0-9]+') == ['1', '22'] && 'a1'.find('[0-9]') == '1'",
      "[1, 2].sum() == 3 && [2, 1].min() == 1 && ['a', 'b'].isSorted() && ['a', 'b'].join('-') == 'a-b'",
      // What decides makes up for what fails.
      "false && self.nothing == 1 || true", "true || self.nothing == 1", "!(self.nothing == 1 && false)",
      "self.items.exists(i, i.nothing == 1 || i.n == 2)", "dyn(1) == 1.0", "!(dyn('a') == 1)",
    ])
  func holds(_ text: String) throws {
    #expect(try evaluate(text) == .bool(true))
  }

  @Test(
    "What comes to no value",
    arguments: [
      ("self.nothing == 1", "no such key: nothing"), ("1 / 0 == 1", "division by zero"),
      ("1 % 0 == 1", "modulus by zero"), ("9223372036854775807 + 1 == 0", "integer overflow"),
      ("self.tags[2] == 'x'", "index out of bounds: 2"), ("self.share > 1", "no such overload"),
      ("duration('soon') == duration('1s')", "time: invalid duration \"soon\""),
      ("self.items.all(i, i.nothing)", "no such key: nothing"), ("self.labels['z'] == ''", "no such key: z"),
    ])
  func fails(_ text: String, problem: String) throws {
    let fault = #expect(throws: CELFault.self) { try evaluate(text) }
    #expect(fault?.problem == problem)
  }

  @Test(
    "What is no expression",
    arguments: [
      ("self.size <", "1:12: Syntax error: mismatched input '<EOF>'"),
      ("self.size 3", "1:11: Syntax error: extraneous input '3'"),
      ("has(self)", "1:5: invalid argument to has() macro"),
      ("self.tags.all('x', true)", "argument must be a simple name"),
      ("'abc", "Syntax error: token recognition error"), ("a # b", "token recognition error at: '#'"),
      ("(1", "expecting ')'"), ("namespace == 'x'", "reserved identifier: namespace"), ("", "mismatched input '<EOF>'"),
      (String(repeating: "(", count: 200), "expression recursion limit exceeded"),
    ])
  func refuses(_ text: String, problem: String) throws {
    let error = #expect(throws: CELError.self) { try CELParser.expression(text) }
    #expect(error?.description(in: text).contains(problem) == true, "\(error?.description(in: text) ?? "")")
  }

  private static let schema: JSON = [
    "type": "object",
    "properties": [
      "name": ["type": "string"], "size": ["type": "integer"], "share": ["x-kubernetes-int-or-string": true],
      "at": ["type": "string", "format": "date-time"], "wait": ["type": "string", "format": "duration"],
      "tags": ["type": "array", "items": ["type": "string"]],
      "labels": ["type": "object", "additionalProperties": ["type": "string"]],
      "namespace": ["type": "string"], "a-b": ["type": "string"],
      "any": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
    ],
  ]

  @Test(
    "What fits the schema",
    arguments: [
      "self.size > 1", "type(self.share) == int ? self.share > 1 : self.share.matches('x')", "self.size > 1.5",
      "self.at > timestamp('2026-01-02T03:04:05Z')", "self.wait > duration('1s')", "self.tags.all(t, t != '')",
      "self.labels.all(k, self.labels[k] != '')", "self.__namespace__ == self.a__dash__b", "self.metadata.name != ''",
      "has(self.any)", "self.tags.map(t, size(t)).sum() > 1", "self.share in [1, 2]",
    ])
  func fits(_ text: String) throws {
    let type = try #require(CELType(Self.schema, isRoot: true))
    #expect(try CELChecker(["self": type]).type(of: CELParser.expression(text)).fits(.bool))
  }

  @Test(
    "What cannot fit the schema, whatever the object",
    arguments: [
      ("self.nam == ''", "ERROR: <input>:1:5: undefined field 'nam'\n | self.nam == ''\n | ....^"),
      ("other == 1", "undeclared reference to 'other' (in container '')"),
      ("self.size == 'x'", "found no matching overload for '_==_' applied to '(int, string)'"),
      ("self.size.matches('x')", "found no matching overload for 'matches' applied to '(int, string)'"),
      ("frobnicate(self.size)", "undeclared reference to 'frobnicate' (in container '')"),
      ("self.size && true", "found no matching overload for '_&&_' applied to '(int, bool)'"),
      ("self.size.all(x, true)", "expression of type 'int' cannot be range of a comprehension"),
      ("self.any.thing == 1", "undefined field 'thing'"), ("self.at == 'x'", "'(google.protobuf.Timestamp, string)'"),
      ("self.tags.all(t, t)", "found no matching overload for '_&&_' applied to '(bool, string)'"),
      ("self.metadata.labels == {}", "undefined field 'labels'"),
    ])
  func misfits(_ text: String, problem: String) throws {
    let type = try #require(CELType(Self.schema, isRoot: true))
    let error = #expect(throws: CELError.self) { try CELChecker(["self": type]).type(of: CELParser.expression(text)) }
    #expect(error?.description(in: text).contains(problem) == true, "\(error?.description(in: text) ?? "")")
  }

  @Test("A pattern's end is the text's end, as with RE2")
  func anchors() throws {
    #expect(try evaluate("'a\\n'.matches('^a$')") == .bool(false))
    #expect(try evaluate("'b\\na'.matches('^a$')") == .bool(false))
    #expect(try evaluate("'xay'.matches('a')") == .bool(true))
  }

  @Test("Rules of nothing but signs do not overflow the stack", arguments: ["!", "-", "(", "!-", "["])
  func signs(_ sign: String) {
    #expect(throws: CELError.self) {
      try CELParser.expression(String(repeating: sign, count: 100_000) + "true")
    }
  }
}
