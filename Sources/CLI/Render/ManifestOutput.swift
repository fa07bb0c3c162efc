import ArgumentParser
import Documents
import Foundation
import Kubernetes
import Yams

/// How resources are printed. The same resources give the same bytes, so that the output can live in Git.
enum ManifestOutput: String, ExpressibleByArgument, CaseIterable {
  case yaml, json

  /// The whole output: documents behind a head of comments, or one `v1` List, which has no place for comments.
  func text(of resources: [any Resource], notes: [String]) throws -> String {
    switch self {
    case .yaml:
      let head = notes.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
      return head + (try resources.map { "---\n" + (try Self.yaml(of: $0)) }.joined())
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(ResourceList(resources)), as: UTF8.self) + "\n"
    }
  }

  /// The same for objects that are JSON already.
  func text(of objects: [JSON]) throws -> String {
    switch self {
    case .yaml: return try objects.map { "---\n" + (try Self.yaml(of: $0)) }.joined()
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
      return String(decoding: try encoder.encode(list), as: UTF8.self) + "\n"
    }
  }

  static func yaml(of object: JSON) throws -> String {
    try Yams.serialize(node: quoting(node(of: object)), width: -1, allowUnicode: true)
  }

  private static func node(of value: JSON) -> Yams.Node {
    switch value {
    case .null: return Yams.Node("null", Tag(.null))
    case .bool(let value): return Yams.Node(value ? "true" : "false", Tag(.bool))
    case .integer(let value): return Yams.Node("\(value)", Tag(.int))
    case .number(let value): return Yams.Node("\(value)", Tag(.float))
    case .string(let value): return Yams.Node(value, Tag(.str), value.contains("\n") ? .literal : .plain)
    case .array(let elements):
      let isShort = elements.count <= 10 && elements.allSatisfy { $0.string.map { $0.utf8.count < 20 } ?? false }
      return Yams.Node(elements.map { node(of: $0) }, Tag(.seq), isShort ? .flow : .block)
    case .object(let members):
      let sorted = members.sorted { (rank(of: $0.key), $0.key) < (rank(of: $1.key), $1.key) }
      return Yams.Node(
        sorted.map { (Yams.Node($0.key, Tag(.str), .plain), node(of: $0.value)) }, Tag(.map),
        members.isEmpty ? .flow : .block)
    }
  }

  /// What people write first comes first, the rest by its name.
  private static func rank(of key: String) -> Int { leading.firstIndex(of: key) ?? leading.count }

  private static let leading = ["apiVersion", "kind", "metadata", "name", "namespace"]

  private static func yaml(of resource: any Resource) throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.newLineScalarStyle = .literal
    encoder.options.allowUnicode = true
    encoder.options.width = -1
    let text = try encoder.encode(TypedResource(resource))
    guard let node = try Yams.compose(yaml: text) else { return text }
    return try Yams.serialize(node: quoting(node), width: -1, allowUnicode: true)
  }

  /// Quotes every text that a reader of YAML 1.1, as kubectl is, could take for something else: `y`, `on`, `1e3`.
  ///
  /// Yams quotes the values that itself reads as something else, which are fewer, and no keys.
  private static func quoting(_ node: Yams.Node, isKey: Bool = false) -> Yams.Node {
    switch node {
    case .scalar(var scalar):
      let isUnclear = scalar.style == .plain && (isKey || node.tag == Tag(.str)) && !isPlainly(text: scalar.string)
      if isUnclear || scalar.style == .singleQuoted { scalar.style = .doubleQuoted }
      return .scalar(scalar)
    case .sequence(let sequence):
      return Yams.Node(sequence.map { quoting($0) }, sequence.tag, sequence.style)
    case .mapping(let mapping):
      return Yams.Node(mapping.map { (quoting($0.key, isKey: true), quoting($0.value)) }, mapping.tag, mapping.style)
    case .alias:
      return node
    }
  }

  private static func isPlainly(text: String) -> Bool {
    guard let first = text.first, first.isLetter || first.isNumber || first == "/" else { return false }
    return first.isNumber
      ? text.contains { !"0123456789abcdefABCDEFxXoO_.:+-tTzZ ".contains($0) }  // no number and no time has it
      : !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
  }
}
