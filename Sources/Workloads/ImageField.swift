/// What the key of a field says about images: `webImage`, `image_tag`, `dockerImage`, `baseImage`, `newName`.
struct ImageField: Hashable {
  let part: ImageParts.Part
  /// What stands before it: `web` of `webImage` and `webTag`, which so belong together.
  let prefix: String
  var isBase = false

  /// Endings of keys without case, `-` and `_`; of several that fit the first counts.
  private static let endings: [(String, ImageParts.Part)] = [
    ("imagerepository", .repository), ("imagerepo", .repository), ("imageregistry", .registry), ("imagehub", .registry),
    ("imagetag", .tag), ("imageversion", .tag), ("imagedigest", .digest), ("imagesha256", .digest),
    ("imagesha", .digest), ("imagename", .image), ("imagereference", .image), ("imageref", .image),
    ("imageuri", .image),
    ("imageurl", .image), ("imagepath", .image), ("dockerimage", .image), ("containerimage", .image),
    ("baseimage", .image), ("image", .image), ("repository", .repository), ("repo", .repository),
    ("registry", .registry), ("registryurl", .registry), ("registryhost", .registry), ("registryserver", .registry),
    ("hub", .registry), ("tag", .tag), ("digest", .digest), ("sha256", .digest),
    ("sha", .digest), ("version", .version),
  ]

  /// Nil for a key that has nothing to do with them.
  init?(key: String) {
    let normal = Self.normal(key)
    guard let (ending, part) = Self.endings.first(where: { normal.hasSuffix($0.0) }) else { return nil }
    self.part = part
    prefix = String(normal.dropLast(ending.count))
    isBase = ending == "baseimage"
  }

  /// Without case, `-`, `_` and what stands before the last `/` or `.`.
  static func normal(_ key: String) -> String {
    key.filter { $0 != "-" && $0 != "_" }.lowercased()
  }

  /// Whether what stands under the key are several images: `images`, `relatedImages`, `imagesByArch`.
  static func isPlural(_ key: String) -> Bool {
    let normal = normal(key)
    return normal.hasSuffix("images") || normal.hasSuffix("imagemap") || normal.hasSuffix("imageoverrides")
      || ["images", "Images"].contains { word in
        // A word of its own, not the beginning of `imagestream`.
        key.hasPrefix(word) && key.dropFirst(word.count).first.map { $0.isUppercase || "-_".contains($0) } ?? false
      }
  }

  /// Whether what stands under the key is one image: `image`, `proxyImage`.
  static func isSingular(_ key: String) -> Bool { ImageField(key: key)?.part == .image }
}

/// Whether a text that stands where an image may be is one.
enum ImageLikeness {
  /// It has a tag, a digest or a registry.
  case image
  /// It may be the name of an image without a tag, or of something else: of a machine's image, of a program.
  case unclear
  case none

  private static let others: Set = ["always", "ifnotpresent", "never", "true", "false", "auto", "default", "none"]
  private static let pictures = [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".ico", ".iso", ".qcow2", ".img"]

  init(_ text: String) {
    let lower = text.lowercased()
    let isSomethingElse =
      text.isEmpty || text.count > 512 || Self.others.contains(lower) || text.contains("://") || text.contains("*")
      || text.contains(where: \.isWhitespace) || text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("data:")
      || Self.pictures.contains { lower.hasSuffix($0) }
    if isSomethingElse {
      self = .none
      return
    }
    switch ImageText(text) {
    case .problem(.variable, _): self = .image
    case .problem: self = .none
    case .reference:
      self = Self.isWhole(text) || ImageParts.hasHost(text) ? .image : .unclear
    }
  }

  /// Whether nothing but an image is written so: a registry's host, a path, and a tag or a digest.
  static func isUnmistakable(_ text: String) -> Bool {
    ImageParts.hasHost(text) && isWhole(text) && ImageLikeness(text) == .image
      && text.prefix { $0 != "/" }.contains(where: \.isLetter)
  }

  /// Whether it has a tag or a digest.
  static func isWhole(_ text: String) -> Bool {
    let last = text.split(separator: "/").last ?? ""
    return last.contains(":") || last.contains("@")
  }
}
