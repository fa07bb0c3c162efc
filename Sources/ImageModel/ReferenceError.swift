/// A text that is no image reference: what is wrong with it, and where.
package struct ReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
  package let text: String
  /// Zero-based offset of the fault in characters of `text`; `nil` when the fault has no one place.
  package let offset: Int?
  package let reason: String

  package var description: String {
    let shown = text.count > 120 ? text.prefix(117) + "…" : text[...]
    let place = offset.map { " (at character \($0 + 1))" } ?? ""
    return "'\(shown)' is not an image reference: \(reason)\(place)"
  }
}
