import Documents

/// Why a document is not of its form, in words for a person.
package struct DocumentFault: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
}

/// The members of an object, read as the runtimes read them, which all use Go's `encoding/json`.
///
/// Null and a missing member are the empty value, keys match in any case, and members that nobody knows are passed over.
/// Another type than a member's own is refused, as containerd, Docker and CRI-O refuse the document for it.
struct Fields {
  private let members: [String: JSON]
  /// Where the object stands in its document; empty for the document itself.
  private let path: String

  init(_ value: JSON, at path: String = "") throws(DocumentFault) {
    self.path = path
    switch value {
    case .object(let members): self.members = members
    case .null: members = [:]
    default: throw Self.mismatch(value, "an object", at: path)
    }
  }

  /// Whether there is such a member, null included.
  func has(_ key: String) -> Bool { members[key] != nil }

  /// Nil for an empty text too.
  func text(_ key: String) throws(DocumentFault) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.string else { throw Self.mismatch(value, "text", at: place(key)) }
    return text.isEmpty ? nil : text
  }

  func integer(_ key: String) throws(DocumentFault) -> Int64? {
    guard let value = value(key) else { return nil }
    guard let number = value.integer else { throw Self.mismatch(value, "a whole number", at: place(key)) }
    return number
  }

  func bool(_ key: String) throws(DocumentFault) -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let bool) = value else { throw Self.mismatch(value, "true or false", at: place(key)) }
    return bool
  }

  /// Whether something that is no object stands in an object of empty ones, as Go's `map[string]struct{}` has them.
  func checkSet(_ key: String) throws(DocumentFault) {
    guard let value = value(key) else { return }
    guard let members = value.object else { throw Self.mismatch(value, "an object", at: place(key)) }
    for (name, value) in members { _ = try Fields(value, at: "\(place(key)).\(name)") }
  }

  /// A time of RFC 3339. An empty text is none, and not as good as a missing one: runtimes refuse it.
  func time(_ key: String) throws(DocumentFault) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.string else { throw Self.mismatch(value, "text", at: place(key)) }
    guard RFC3339.isTime(text) else { throw DocumentFault(description: "'\(place(key))' is no time of RFC 3339") }
    return text
  }

  func fields(_ key: String) throws(DocumentFault) -> Fields? {
    guard let value = value(key) else { return nil }
    return try Fields(value, at: place(key))
  }

  /// - Parameter element: gets each element with its place.
  func list<Element>(
    _ key: String, _ element: (JSON, String) throws(DocumentFault) -> Element
  ) throws(DocumentFault) -> [Element]? {
    guard let value = value(key) else { return nil }
    guard let values = value.array else { throw Self.mismatch(value, "a list", at: place(key)) }
    var elements: [Element] = []
    elements.reserveCapacity(values.count)
    for (index, value) in values.enumerated() { elements.append(try element(value, "\(place(key))[\(index)]")) }
    return elements
  }

  func texts(_ key: String) throws(DocumentFault) -> [String]? {
    try list(key) { value, place throws(DocumentFault) in try Self.text(value, at: place) }
  }

  func textsByName(_ key: String) throws(DocumentFault) -> [String: String]? {
    guard let value = value(key) else { return nil }
    guard let values = value.object else { throw Self.mismatch(value, "an object", at: place(key)) }
    var texts: [String: String] = [:]
    for (name, value) in values { texts[name] = try Self.text(value, at: "\(place(key)).\(name)") }
    return texts
  }

  /// Where a member stands in the document.
  func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private func value(_ key: String) -> JSON? {
    let value = members[key] ?? members.first { $0.key.lowercased() == key.lowercased() }?.value
    return value.flatMap { $0.isNull ? nil : $0 }
  }

  private static func text(_ value: JSON, at place: String) throws(DocumentFault) -> String {
    if value.isNull { return "" }
    guard let text = value.string else { throw mismatch(value, "text", at: place) }
    return text
  }

  private static func mismatch(_ value: JSON, _ wanted: String, at place: String) -> DocumentFault {
    let found =
      switch value {
      case .null: "null"
      case .bool: "true or false"
      case .integer, .number: "a number"
      case .string: "text"
      case .array: "a list"
      case .object: "an object"
      }
    return DocumentFault(
      description: place.isEmpty ? "it is \(found) instead of \(wanted)" : "'\(place)' is \(found) instead of \(wanted)"
    )
  }
}
