import Documents
import Kubernetes

@testable import PrepullAPI

/// The reference of the API for people, as Markdown: `docs/api.md`.
enum APIReference {
  static let markdown: String = {
    var text = """
      # API reference

      Generated from `Sources/PrepullAPI/Schema`; `kubectl explain prepull.spec` and `kubectl explain warmnode.status` \
      print the same. The API server refuses what breaks a rule, with the text that stands here.

      Durations are written as in Go: `90s`, `10m`, `1h30m`. Times are RFC 3339.

      """
    text += kind(Prepull.self, Schema.prepull, shortName: "pp")
    text += kind(WarmNode.self, Schema.warmNode, shortName: "wn")
    return text
  }()

  private static func kind<Kind: Resource>(_ kind: Kind.Type, _ schema: Schema, shortName: String) -> String {
    let scope = Kind.isNamespaced ? "namespaced" : "cluster-scoped"
    var text =
      "\n## \(Kind.kind)\n\n`\(Kind.apiVersion)`, \(scope), short name `\(shortName)`, category `warm`.\n\n"
      + "\(schema.description)\n"
    guard case .object(let fields) = schema.shape else { return text }
    for field in fields { text += object(field.schema, at: field.name, depth: 3) }
    return text
  }

  /// The table of an object's fields, then those of the objects in it.
  private static func object(_ schema: Schema, at path: String, depth: Int) -> String {
    guard case .object(let fields) = schema.shape else { return "" }
    var text = "\n\(String(repeating: "#", count: depth)) `\(path)`\n\n\(schema.description)\n\n"
    text += "| field | type | default | meaning |\n|---|---|---|---|\n"
    for field in fields {
      let standard = field.isRequired ? "*required*" : defaultText(field.schema)
      text += "| `\(field.name)` | \(type(field.schema)) | \(standard) | \(cell(field.schema.description)) |\n"
    }
    text += rules(schema, fields)
    for field in fields {
      switch field.schema.shape {
      case .object: text += object(field.schema, at: "\(path).\(field.name)", depth: depth)
      case .list(let element, _, _): text += object(element, at: "\(path).\(field.name)[]", depth: depth)
      default: break
      }
    }
    return text
  }

  private static func defaultText(_ schema: Schema) -> String {
    guard let standard = schema.standard, standard != [:] else { return "" }
    return "`\(standard.string ?? standard.text)`"
  }

  private static func type(_ schema: Schema) -> String {
    switch schema.shape {
    case .object: "object"
    case .map(let value): "map of \(type(value))"
    case .list(let element, _, let limit):
      "list of \(type(element) == "object" ? "objects" : type(element))" + (limit.map { ", at most \($0)" } ?? "")
    case .text: "string"
    case .duration: "duration"
    case .choice(let values): values.map { "`\($0)`" }.joined(separator: " ")
    case .time: "time"
    case .integer(let least, _): "integer" + (least.map { $0 > 0 ? " from \($0)" : "" } ?? "")
    case .number: "number"
    case .boolean: "boolean"
    case .intOrString: "number or share"
    }
  }

  private static func rules(_ schema: Schema, _ fields: [Schema.Field]) -> String {
    let own = schema.rules.map { ($0.fieldPath.map { "`\($0.dropFirst())` " } ?? "") + $0.message }
    let inner = fields.flatMap { field -> [String] in
      let element: Schema? = if case .list(let element, _, _) = field.schema.shape { element } else { nil }
      guard element.map({ if case .object = $0.shape { false } else { true } }) ?? true else { return [] }
      if case .object = field.schema.shape { return [] }
      return (field.schema.rules + (element?.rules ?? [])).map { "`\(field.name)` \($0.message)" }
    }
    let lines = own + inner
    return lines.isEmpty ? "" : "\nRules:\n" + lines.map { "- \($0)\n" }.joined()
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
