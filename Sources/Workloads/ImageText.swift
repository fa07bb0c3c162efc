import ImageModel

/// What stands in the image field of a manifest, judged without asking anybody.
enum ImageText: Hashable {
  case reference(String)
  case problem(ImageProblem.Code, String)

  init(_ text: String) {
    var trimmed = text[...]
    while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    let image = String(trimmed)
    let shown = image.count > 80 ? "\(image.prefix(77))…" : image
    if image.isEmpty {
      self = .problem(.empty, "the image is empty")
    } else if let remedy = Self.variable(image) {
      self = .problem(.variable, "'\(shown)' is a variable, not an image: \(remedy)")
    } else if Self.isIdentifier(image) {
      self = .problem(.identifier, "'\(shown)' is a digest without a name: write name@sha256:…")
    } else if image != text {
      self = .problem(.malformed, "'\(shown)' has a space before or behind it, and no pod may have that: remove it")
    } else {
      do {
        _ = try Reference(parsing: image)
        self = .reference(image)
      } catch {
        self = .problem(.malformed, error.description)
      }
    }
  }

  /// What to do about a text that somebody fills in later; nil for one that stands as it is.
  private static func variable(_ text: String) -> String? {
    if text.contains("{{") {
      return [".Values", ".Release", ".Chart", "include "].contains { text.contains($0) }
        ? "render the chart first, with helm template"
        : "it is known only when the workflow runs"
    }
    if text.contains("$(") { return "it is known only when a run or a build fills it in" }
    if text.contains("$") { return "fill it in first, for example with envsubst" }
    if text.hasPrefix("ko://") { return "ko replaces it when it builds, see ko resolve" }
    if text.hasPrefix("<"), text.hasSuffix(">") { return "fill it in first" }
    return nil
  }

  private static func isIdentifier(_ text: String) -> Bool {
    text.hasPrefix("@") || text.hasPrefix("sha256:") || (try? Digest(parsing: "sha256:\(text)")) != nil
  }
}
