@testable import PrepullAPI
import Documents
import Kubernetes
import Testing

@Suite("API: schema and types", .timeLimit(.minutes(10))) struct SchemaTests {
  /// A value with every field that the schema knows.
  private func sample(_ schema: Schema) -> JSON {
    switch schema.shape {
    case .object(let fields):
      .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, sample($0.schema)) }))
    case .map(let value): ["key": sample(value)]
    case .list(let element, _, _): [sample(element)]
    case .text, .duration: "text"
    case .choice(let values): .string(values.last ?? "")
    case .time: "2026-01-02T03:04:05Z"
    case .integer: 7
    case .number: 1.5
    case .boolean: true
    case .intOrString: "10%"
    }
  }

  /// Paths of what is nil in a value.
  private func absent(_ value: Any, at path: String) -> [String] {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      guard let content = mirror.children.first else { return [path] }
      return absent(content.value, at: path)
    }
    if mirror.displayStyle == .enum || value is StringMap { return [] }
    return mirror.children.enumerated().flatMap { index, child in
      absent(child.value, at: "\(path).\(child.label ?? "\(index)")")
    }
  }

  private func check<Kind: Resource>(_ kind: Kind.Type, _ schema: Schema) throws {
    var object = sample(schema)
    object["metadata"] = ["name": "x"]
    let value = try object.decoded(as: kind)
    #expect(try JSON(encoding: value) == object, "a field of the schema is lost in the type")
    let missing = absent(value, at: "").filter { !$0.hasPrefix(".metadata") }
    #expect(missing.isEmpty, "the schema lacks fields of the type")
  }

  @Test("The types have every field of the schema, and no other")
  func agreement() throws {
    try check(Prepull.self, .prepull)
    try check(WarmNode.self, .warmNode)
  }

  /// All schemas in a schema with their paths, itself included.
  private func all(_ schema: Schema, at path: String = "") -> [(path: String, schema: Schema)] {
    let inner: [(String, Schema)] =
      switch schema.shape {
      case .object(let fields): fields.map { ("\(path).\($0.name)", $0.schema) }
      case .map(let value): [("\(path)[key]", value)]
      case .list(let element, _, _): [("\(path)[]", element)]
      default: []
      }
    return [(path, schema)] + inner.flatMap { all($0.1, at: $0.0) }
  }

  @Test("Every field says what it is, in sentences")
  func descriptions() {
    for (path, schema) in all(.prepull) + all(.warmNode) {
      #expect(schema.description.hasSuffix("."), "\(path)")
      #expect(schema.rules.allSatisfy { !$0.message.hasSuffix(".") && !$0.message.contains("\n") }, "\(path)")
    }
  }

  /// The API server estimates the cost of a rule from the most that it may meet, and refuses a definition whose rules
  /// could cost too much.
  @Test("What rules see has a limit")
  func bounds() {
    for (path, schema) in all(.prepull) + all(.warmNode) {
      if case .text(nil) = schema.shape { #expect(schema.rules.isEmpty, "\(path)") }
      let hasRules = all(schema).contains { !$0.schema.rules.isEmpty }
      if case .list(_, _, nil) = schema.shape { #expect(!hasRules, "\(path)") }
      if case .map = schema.shape { #expect(!hasRules, "\(path)") }
    }
  }

  @Test("The keys of a list that is a map are required, as the API server insists")
  func listKeys() {
    for (path, schema) in all(.prepull) + all(.warmNode) {
      guard case .list(let element, .map(let keys), _) = schema.shape else { continue }
      guard case .object(let fields) = element.shape else {
        Issue.record("\(path) has no objects")
        continue
      }
      #expect(keys.allSatisfy { key in fields.contains { $0.name == key && $0.isRequired } }, "\(path)")
    }
  }
}
