extension NodeRequirement {
  /// Reads a label selector as `kubectl -l` takes it: `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>5`.
  ///
  /// An empty text asks for nothing.
  package static func all(parsing text: String) throws(NodeSelectorError) -> [NodeRequirement] {
    var requirements: [NodeRequirement] = []
    for part in try parts(of: text) { requirements.append(try one(part, of: text)) }
    return requirements
  }

  /// The texts between the commas that stand outside of parentheses.
  private static func parts(of text: String) throws(NodeSelectorError) -> [String] {
    var parts: [String] = []
    var part = ""
    var isInside = false
    for character in text {
      switch character {
      case "(" where !isInside: isInside = true
      case ")" where isInside: isInside = false
      case "(", ")": throw NodeSelectorError(text: text, reason: "its parentheses do not match")
      case "," where !isInside:
        parts.append(part)
        part = ""
        continue
      default: break
      }
      part.append(character)
    }
    if isInside { throw NodeSelectorError(text: text, reason: "its parentheses do not match") }
    if !parts.isEmpty || !trimmed(part).isEmpty { parts.append(part) }
    return parts
  }

  private static func one(_ part: String, of text: String) throws(NodeSelectorError) -> NodeRequirement {
    let part = trimmed(part)
    if part.isEmpty { throw NodeSelectorError(text: text, reason: "it has an empty part") }
    if part.hasPrefix("!") {
      return NodeRequirement(try key(part.dropFirst(), of: text), .doesNotExist)
    }
    for (sign, meaning) in [("!=", Operator.notIn), ("==", .in), ("=", .in), (">", .greater), ("<", .less)] {
      guard let range = part.firstRange(of: sign) else { continue }
      let requirement = NodeRequirement(
        try key(part[..<range.lowerBound], of: text), meaning, [try value(part[range.upperBound...], of: text)])
      if meaning == .greater || meaning == .less, Int64(requirement.values[0]) == nil {
        throw NodeSelectorError(text: text, reason: "'\(requirement.values[0])' is no whole number")
      }
      return requirement
    }
    let words = part.split(separator: " ", maxSplits: 1)
    guard words.count == 2 else { return NodeRequirement(try key(words[0], of: text), .exists) }
    let rest = trimmed(words[1])
    for (word, meaning) in [("in", Operator.in), ("notin", .notIn)] where rest.hasPrefix(word) {
      let list = trimmed(rest.dropFirst(word.count))
      guard list.hasPrefix("("), list.hasSuffix(")") else { continue }
      if trimmed(list.dropFirst().dropLast()).isEmpty {
        throw NodeSelectorError(text: text, reason: "the list behind '\(word)' is empty")
      }
      var values: [String] = []
      for item in list.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false) {
        values.append(try value(item, of: text))
      }
      return NodeRequirement(try key(words[0], of: text), meaning, values)
    }
    throw NodeSelectorError(text: text, reason: "'\(part)' is none of key=value, key!=value, key in (a,b), key, !key")
  }

  private static func key(_ text: some StringProtocol, of whole: String) throws(NodeSelectorError) -> String {
    let key = trimmed(text)
    if let problem = LabelSyntax.problem(inKey: key) {
      throw NodeSelectorError(text: whole, reason: "'\(key)' is no label's key: it \(problem)")
    }
    return key
  }

  private static func value(_ text: some StringProtocol, of whole: String) throws(NodeSelectorError) -> String {
    let value = trimmed(text)
    if let problem = LabelSyntax.problem(inValue: value) {
      throw NodeSelectorError(text: whole, reason: "'\(value)' is no label's value: it \(problem)")
    }
    return value
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let rest = text[start...]
    let end = rest.lastIndex { !$0.isWhitespace }.map(rest.index(after:)) ?? rest.startIndex
    return String(rest[..<end])
  }
}

/// A text that is no label selector, and why.
package struct NodeSelectorError: Error, Hashable, Sendable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String { "'\(text)' is no label selector: \(reason)" }
}
