/// Where a text stops being YAML, and why. It quotes nothing of the text, which may hold secrets.
struct YAMLError: Error, Hashable, CustomStringConvertible {
  let line: Int?
  let reason: String

  init(line: Int?, reason: String) {
    self.line = line
    self.reason = reason
  }

  var description: String { line.map { "line \($0): \(reason)" } ?? reason }

  /// The error of a chart's template is that it was not rendered, whatever the parser stumbled over.
  ///
  /// Text within quotes and behind other text may hold `{{` and still be YAML, as Argo's workflows do.
  func consideringTemplates(in document: UnsafeBufferPointer<UInt8>, firstLine: Int) -> YAMLError {
    let lines = String(decoding: document, as: UTF8.self)
      .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let isTemplate: (Substring) -> Bool = { line in
      let content = line.drop { $0 == " " || $0 == "-" }
      return content.hasPrefix("{{") || line.contains(": {{") || line.contains(":{{")
    }
    let end = line.map { $0 - firstLine + 2 } ?? lines.count
    guard let number = lines.prefix(max(0, end)).firstIndex(where: isTemplate) else { return self }
    return YAMLError(
      line: firstLine + number,
      reason: "it is a template that was not rendered: it has '{{' where YAML has a value; "
        + "render it first, for example with helm template")
  }
}
