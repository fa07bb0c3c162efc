/// What apimachinery's `validation` says of names, word for word.
enum NameRules {
  private static func isLower(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func matches(_ text: some StringProtocol, _ inner: (UInt8) -> Bool, _ marks: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, inner(first), inner(last) else { return false }
    return bytes.allSatisfy { inner($0) || marks.utf8.contains($0) }
  }

  static func labelProblem(_ text: String) -> String? {
    if text.utf8.count > 63 { return "must be no more than 63 characters" }
    if matches(text, isLower, "-") { return nil }
    return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
      + "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
      + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
  }

  static func subdomainProblem(_ text: String) -> String? {
    if text.utf8.count > 253 { return "must be no more than 253 characters" }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.allSatisfy({ matches($0, isLower, "-") }) { return nil }
    return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
      + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
      + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
  }

  static func labelKeyProblem(_ text: String) -> String? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 2 {
      return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
        + "(e.g. 'example.com/MyName')"
    }
    if parts.count == 2 {
      if parts[0].isEmpty { return "prefix part must be non-empty" }
      if let problem = subdomainProblem(String(parts[0])) { return "prefix part \(problem)" }
    }
    let name = parts.last ?? ""
    if name.isEmpty { return "name part must be non-empty" }
    if name.utf8.count > 63 { return "name part must be no more than 63 characters" }
    if matches(name, isWord, "-_.") { return nil }
    return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
      + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
      + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
  }

  static func labelValueProblem(_ text: String) -> String? {
    if text.utf8.count > 63 { return "must be no more than 63 characters" }
    if text.isEmpty || matches(text, isWord, "-_.") { return nil }
    return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
      + "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
      + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
  }

  /// Of the keys of ConfigMaps and Secrets.
  static func configKeyProblem(_ text: String) -> String? {
    if text.utf8.count > 253 { return "must be no more than 253 characters" }
    if text == "." || text.hasPrefix("..") { return "must not be '.' or start with '..'" }
    if !text.isEmpty, text.utf8.allSatisfy({ isWord($0) || "-_.".utf8.contains($0) }) { return nil }
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
      + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
  }
}
