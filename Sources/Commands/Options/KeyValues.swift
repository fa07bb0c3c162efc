import ArgumentParser
package import Kubernetes

/// Pairs on the command line, `key=value`, as kubectl writes labels and quantities.
package enum KeyValues {
  /// Reads `key=value` texts; the value may be empty or hold more of '='.
  package static func pairs(_ texts: [String], of option: String) throws -> StringMap {
    var pairs: StringMap = [:]
    for text in texts {
      guard let equals = text.firstIndex(of: "=") else {
        throw ValidationError("\(option) '\(text)' has no value: write key=value")
      }
      let key = String(text[..<equals])
      let value = String(text[text.index(after: equals)...])
      if let other = pairs[key], other != value {
        throw ValidationError("\(option) '\(key)' is given twice, as '\(other)' and as '\(value)'")
      }
      pairs[key] = value
    }
    return pairs
  }
}
