/// A rule of the API server for names, so that a wrong one is found before anything is sent.
///
/// Source: apimachinery's `validation` package, <https://kubernetes.io/docs/concepts/overview/working-with-objects/names>.
package enum NamingRule: Sendable {
  /// Names of namespaces, containers and what becomes part of a host name: RFC 1123 label.
  case label
  /// Names of most objects: RFC 1123 labels with dots between.
  case subdomain
  /// Keys of labels, annotations and taints: `name` or `prefix/name`.
  case key
  /// Values of labels.
  case value

  /// What is wrong with `text`, as the end of the sentence "it …"; nil when nothing is.
  package func problem(in text: String) -> String? {
    switch self {
    case .label:
      if text.isEmpty { return "is empty" }
      if text.utf8.count > 63 { return "is longer than 63 characters" }
      return Self.matches(text, Self.isLower, marks: "-")
        ? nil : "may hold only a-z, 0-9 and '-', and begins and ends with a letter or digit"
    case .subdomain: return LabelSyntax.problem(inSubdomain: text)
    case .key: return LabelSyntax.problem(inKey: text)
    case .value: return LabelSyntax.problem(inValue: text)
    }
  }

  /// The label that is nearest to `text`: lower case, everything else a '-', at most `limit` characters; nil when
  /// nothing is left.
  package static func label(from text: String, limit: Int = 63) -> String? {
    var label = ""
    for byte in text.lowercased().utf8 {
      if isLower(byte) {
        label.unicodeScalars.append(Unicode.Scalar(byte))
      } else if !label.isEmpty, label.last != "-" {
        label.append("-")
      }
    }
    label = String(label.prefix(limit))
    while label.last == "-" { label.removeLast() }
    return label.isEmpty ? nil : label
  }

  private static func matches(_ text: some StringProtocol, _ inner: (UInt8) -> Bool, marks: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, inner(first), inner(last) else { return false }
    return bytes.allSatisfy { inner($0) || marks.utf8.contains($0) }
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
