import Documents

/// What objects say of the images of those within: Istio's `hub` and `tag`, the `global` values of charts.
struct ImageContext {
  /// With what it is called.
  private(set) var registry: (key: String, text: String)?
  private(set) var tag: String?
  private(set) var version: String?

  /// Whether the registry is that of all images within, and not just of one beside them.
  var isForAll: Bool { registry.map { $0.key != "registry" } ?? false }

  mutating func enter(_ members: [String: JSON]) {
    take(members)
    if case .object(let global)? = members["global"] { take(global) }
  }

  private mutating func take(_ members: [String: JSON]) {
    for key in ["registry", "imageRegistry", "hub"] {
      if let text = members[key]?.string, !text.isEmpty, !ImageParts.isAddress(text) { registry = (key, text) }
    }
    if let text = (members["imageTag"] ?? members["tag"])?.string, !text.isEmpty { tag = text }
    if let text = members["version"]?.string, !text.isEmpty { version = text }
  }
}
