/// A map from strings to strings that is always encoded in the order of its keys, so that the same map gives the same
/// bytes: labels, annotations, node selectors, quantities.
package struct StringMap: Hashable, Sendable {
  package var entries: [String: String]

  package init(_ entries: [String: String] = [:]) { self.entries = entries }

  package subscript(key: String) -> String? {
    get { entries[key] }
    set { entries[key] = newValue }
  }

  package var isEmpty: Bool { entries.isEmpty }

  /// Both maps in one; `other` wins where both have a key.
  package func merging(_ other: StringMap) -> StringMap {
    StringMap(entries.merging(other.entries) { _, theirs in theirs })
  }
}

extension StringMap: ExpressibleByDictionaryLiteral {
  package typealias Key = String
  package typealias Value = String

  /// The last of equal keys wins.
  package init(dictionaryLiteral elements: (String, String)...) {
    self.init([String: String](elements) { _, last in last })
  }
}

extension StringMap: Codable {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    self.init(try [String: String](from: decoder))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
      try container.encode(value, forKey: Name(stringValue: key))
    }
  }
}
