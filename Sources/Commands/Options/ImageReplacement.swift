package import ArgumentParser

/// Another image for a container of a workload, as `kubectl set image` has it: `web=nginx:1.28`.
package struct ImageReplacement: Hashable, Sendable {
  package let container: String
  package let image: String

  package init(parsing text: String) throws(ValidationError) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
      case let image = text[text.index(after: equals)...], !image.isEmpty
    else {
      throw ValidationError("--image '\(text)' is not container=image; write for example --image web=nginx:1.28")
    }
    container = String(text[..<equals])
    self.image = String(image)
  }
}
