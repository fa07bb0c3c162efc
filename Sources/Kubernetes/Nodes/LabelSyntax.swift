/// What Kubernetes allows as keys and values of labels. Source: `apimachinery/pkg/util/validation`.
package enum LabelSyntax {
  /// What is wrong with a label's key, `name` or `example.com/name`, as the end of the sentence "it …"; nil when nothing
  /// is.
  package static func problem(inKey key: String) -> String? {
    let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, let problem = problem(inSubdomain: String(parts[0])) { return "has a prefix that \(problem)" }
    let name = parts.last ?? ""
    if name.isEmpty { return "has an empty name" }
    if name.utf8.count > 63 { return "has a name longer than 63 characters" }
    return isWord(name) ? nil : "has a name that \(wordRule)"
  }

  /// The same of a label's value, which may be empty.
  package static func problem(inValue value: String) -> String? {
    if value.utf8.count > 63 { return "is longer than 63 characters" }
    return value.isEmpty || isWord(value[...]) ? nil : wordRule
  }

  /// The same of a name of RFC 1123 labels with dots between.
  package static func problem(inSubdomain text: String) -> String? {
    if text.isEmpty { return "is empty" }
    if text.utf8.count > 253 { return "is longer than 253 characters" }
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { matches($0.utf8, isLower, marks: "-") }
      ? nil : "may hold only a-z, 0-9, '-' and '.', and each part begins and ends with a letter or digit"
  }

  private static let wordRule =
    "may hold only letters, digits, '-', '_' and '.', and begins and ends with a letter or digit"

  private static func isWord(_ text: Substring) -> Bool {
    matches(text.utf8, { isLower($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }, marks: "-_.")
  }

  private static func matches(
    _ text: some BidirectionalCollection<UInt8>, _ isEdge: (UInt8) -> Bool, marks: String
  ) -> Bool {
    guard let first = text.first, let last = text.last, isEdge(first), isEdge(last) else { return false }
    return text.allSatisfy { isEdge($0) || marks.utf8.contains($0) }
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
