import ImageModel

/// An image that an object states in several fields: `repository`, `image`, `version`, and others of that kind.
///
/// A part is never taken for the whole: either all of them give one reference, or the image is not known.
struct ImageParts: Hashable {
  /// The words of an operator, a chart or a tool for the parts of a reference.
  enum Part: String, Hashable, CaseIterable {
    case registry, repository, image, tag, digest
    /// The tag of an image in some places, and in others that of a program.
    case version
  }

  enum Outcome: Hashable {
    case reference(String)
    case problem(ImageProblem.Code, String)
    /// No image is meant.
    case none
  }

  var registry: String?
  var repository: String?
  var image: String?
  var tag: String?
  var digest: String?
  var version: String?
  /// Why a field cannot be read.
  var fault: String?
  /// The same of the version, which counts only where there is no tag.
  var versionFault: String?
  /// The key of a field that may be a part, in a way that is not known.
  var other: String?
  /// Whether the object is an image and nothing else: what stands under the key `image`.
  var isImage = false
  /// `baseImage` is never whole: its tag stands elsewhere.
  var isBase = false

  var isEmpty: Bool { self == ImageParts() }

  /// Whether something stands beside the image that belongs to it.
  var areSeveral: Bool { [registry, repository, tag, digest, fault].contains { $0 != nil } }

  /// Whether there is one, readable or not.
  var hasVersion: Bool { version != nil || versionFault != nil }

  /// The whole, of all of them.
  func whole() -> Outcome {
    if let fault { return .problem(.parts, fault) }
    if let other, areSeveral {
      return .problem(.parts, "what its \(other) adds to its name is not known: write name:tag into one field")
    }
    guard let base = image ?? repository else { return .none }
    // Sources and charts have repositories too.
    let repository = repository.flatMap { Self.isAddress($0) ? nil : $0 }
    if image == nil, repository == nil { return .none }
    if Self.isFilledInLater([registry, repository, image, tag, digest, version]) {
      return Self.judged(text)
    }
    guard let name = name(repository) else {
      return .problem(.parts, "its parts (\(listed)) do not make one image: write name:tag into one field")
    }
    if let algorithm = Self.openDigest(of: name) {
      // `repository: name@sha256` and `tag: <hex digits>`, as charts without a field for digests have it.
      guard let hex = digest ?? tag ?? version else {
        return .problem(.parts, "'\(name)' ends before its digest: write name@\(algorithm):… into one field")
      }
      return Self.judged(hex.hasPrefix(algorithm + ":") ? name.dropLast(algorithm.count) + hex : "\(name):\(hex)")
    }
    let own = ending(of: name)
    let isWhole = own.hasDigest || own.tag != nil
    if isWhole {
      if let tag, !own.hasDigest, let ownTag = own.tag, tag != ownTag {
        return .problem(.parts, "'\(name)' and the tag '\(tag)' contradict each other: leave one of them out")
      }
      guard let digest, !own.hasDigest else { return Self.judged(name) }
      return Self.judged(name + Self.suffix(of: digest))
    }
    if let digest { return Self.judged(name + (tag.map { Self.suffix(of: $0) } ?? "") + Self.suffix(of: digest)) }
    if let tag { return Self.judged(name + Self.suffix(of: tag)) }
    if let versionFault { return .problem(.parts, versionFault) }
    if let version, isImage || isBase || registry != nil || (repository != nil && image != nil) {
      return Self.judged(name + Self.suffix(of: version))
    }
    if let version, image != nil {
      return .problem(
        .parts, "whether '\(version)' is the tag of '\(base)' is not known: write '\(base):\(version)' if it is")
    }
    if isImage || isBase || registry != nil || (repository != nil && image != nil) {
      return .problem(.parts, "'\(name)' has no tag there: the operator or the chart chooses one")
    }
    return image == nil ? .none : Self.judged(name)
  }

  /// Registry, repository and image in one; nil where they may be put together in more than one way.
  private func name(_ repository: String?) -> String? {
    var name = image ?? repository ?? ""
    if let image, let repository {
      if Self.hasHost(image) {
        guard image.hasPrefix(repository + "/") || Self.base(image) == repository else { return nil }
      } else {
        guard Self.base(image) != repository, !repository.hasSuffix("/" + Self.base(image)) else { return nil }
        name = "\(Self.trimmed(repository))/\(image)"
      }
    }
    if let registry {
      guard !Self.isAddress(registry) else { return nil }
      let host = Self.trimmed(registry)
      if Self.hasHost(name) {
        guard name.hasPrefix(host + "/") else { return nil }
      } else {
        name = "\(host)/\(name)"
      }
    }
    return name
  }

  /// The parts that there are, for messages: `repository 'a', tag 'b'`.
  private var listed: String {
    [
      (Part.registry, registry), (.repository, repository), (.image, image), (.tag, tag), (.digest, digest),
      (.version, version),
    ].compactMap { part, text in text.map { "\(part.rawValue) '\($0)'" } }.joined(separator: ", ")
  }

  private var text: String {
    let name = [registry, repository, image].compactMap(\.self).joined(separator: "/")
    return (digest ?? tag ?? version).map { "\(name):\($0)" } ?? name
  }
}

extension ImageParts {
  /// The tag and the digest that a text has already.
  private func ending(of name: String) -> (tag: String?, hasDigest: Bool) {
    let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let hasDigest = last.contains("@")
    let plain = last.prefix { $0 != "@" }
    guard let colon = plain.firstIndex(of: ":") else { return (nil, hasDigest) }
    return (String(plain[plain.index(after: colon)...]), hasDigest)
  }

  /// The algorithm of a digest whose digits stand elsewhere.
  static func openDigest(of name: String) -> String? {
    ["sha256", "sha512"].first { name.hasSuffix("@" + $0) }
  }

  /// `:1.27`, `@sha256:…`; tags and versions may be digests, or have one behind them, or a sign of their own in front.
  private static func suffix(of text: String) -> String {
    if text.hasPrefix(":") || text.hasPrefix("@") { return text }
    if text.contains("@") { return ":" + text }
    if text.contains(":") { return "@" + text }
    let isHexadecimal = text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    return isHexadecimal ? "@sha256:" + text : ":" + text
  }

  private static func judged(_ text: String) -> Outcome {
    switch ImageText(text) {
    case .reference(let reference): .reference(reference)
    case .problem(let code, let reason): .problem(code, reason)
    }
  }

  /// Without tag and digest.
  private static func base(_ image: String) -> String {
    var parts = image.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if let last = parts.popLast() { parts.append(String(last.prefix { $0 != ":" && $0 != "@" })) }
    return parts.joined(separator: "/")
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.last == "/" { text.removeLast() }
    return String(text)
  }

  /// Whether a name begins with a registry's host: `quay.io/a`, `localhost:5000/a`.
  static func hasHost(_ name: String) -> Bool {
    guard let slash = name.firstIndex(of: "/") else { return false }
    let first = name[..<slash]
    return first.contains(".") || first.contains(":") || first == "localhost"
  }

  /// A source's or a chart's address is no repository of images.
  static func isAddress(_ text: String) -> Bool {
    text.contains("://") || text.hasPrefix("git@") || text.hasSuffix(".git")
  }

  private static func isFilledInLater(_ texts: [String?]) -> Bool {
    texts.contains { text in text.map { $0.contains("{{") || $0.contains("$") } ?? false }
  }
}
