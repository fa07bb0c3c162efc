import ArgumentParser
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
