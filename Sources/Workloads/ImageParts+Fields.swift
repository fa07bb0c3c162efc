import Documents

extension ImageParts {
  /// The parts of one image that the fields of an object state: those whose keys have the same prefix.
  ///
  /// - Parameter image: the key of the image itself, of several such keys.
  init(_ members: [String: JSON], prefix: String = "", image: String = "image") {
    self.init()
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      if prefix.isEmpty, Self.isOther(ImageField.normal(key)), let text = value.string, !text.isEmpty {
        other = key
      }
      guard let field = ImageField(key: key), field.prefix == prefix, field.part != .image || key == image else {
        continue
      }
      switch value {
      case .string(let text):
        let text = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        if !text.isEmpty { put(text, field) }
      case .integer(let number): put(String(number), field)
      case .number:
        let reason = "its \(key) is a number, of which the end may be lost: put it in quotes"
        if field.part == .version { versionFault = reason } else { fault = reason }
      default: break
      }
    }
  }

  /// Fields that some take for parts of a reference, each in its own way.
  private static let others: Set = [
    "organization", "organisation", "org", "imageprefix", "imagesuffix", "tagprefix", "tagsuffix", "variant", "flavor",
    "flavour", "distro",
  ]

  /// `imageTagSuffix` and the like are such fields too.
  private static func isOther(_ key: String) -> Bool {
    others.contains(key)
      || (key.hasSuffix("suffix") && (key == "suffix" || key.contains("tag") || key.contains("image")))
  }

  private mutating func put(_ text: String, _ field: ImageField) {
    switch field.part {
    case .registry: registry = text
    case .repository: repository = text
    case .image: (image, isBase) = (text, field.isBase)
    case .tag: tag = text
    case .digest: digest = text
    case .version: version = text
    }
  }
}
