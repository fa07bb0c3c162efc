extension Reference {
  /// Parses a reference as a person or a manifest writes it and normalises it.
  ///
  /// Limits: tags have at most 128 characters, repository paths at most 255.
  /// - Throws: `ReferenceError` that names the fault and its place.
  package init(parsing text: String) throws(ReferenceError) {
    var parser = ReferenceParser(text: text)
    self = try parser.parse()
  }
}

/// The stages of taking a reference apart: digest, tag, registry, repository, from the right to the left.
private struct ReferenceParser {
  let text: String

  func fault(_ reason: String, at index: String.Index? = nil) -> ReferenceError {
    ReferenceError(text: text, offset: index.map { text.distance(from: text.startIndex, to: $0) }, reason: reason)
  }

  mutating func parse() throws(ReferenceError) -> Reference {
    try checkCharacters()
    var rest = text[...]
    let digest = try takeDigest(from: &rest)
    let tag = try takeTag(from: &rest)
    guard !rest.isEmpty else { throw fault("the repository name is missing", at: text.startIndex) }

    var registry = Reference.dockerHub
    if let slash = rest.firstIndex(of: "/"), Self.namesRegistry(rest[..<slash]) {
      registry = try checkedRegistry(rest[..<slash])
      rest = rest[rest.index(after: slash)...]
      guard !rest.isEmpty else { throw fault("the repository name after the registry is missing", at: slash) }
    } else if rest.hasPrefix("[") {
      throw fault("an IPv6 registry needs a repository after it, as in [::1]:5000/name", at: rest.startIndex)
    }
    try checkRepository(rest)
    var repository = String(rest)
    if registry == Reference.dockerHub, !repository.contains("/") {
      if repository.utf8.count == 64, repository.utf8.allSatisfy(Digest.isLowerHex) {
        throw fault("64 hex digits are an image ID, not a name; write name@sha256:\(repository)")
      }
      repository = "library/" + repository
    }
    guard repository.utf8.count <= 255 else {
      throw fault("the repository name has \(repository.utf8.count) characters; at most 255 are allowed")
    }
    return Reference(
      registry: registry, repository: repository,
      tag: tag ?? (digest == nil ? Reference.defaultTag : nil), digest: digest)
  }

  private func checkCharacters() throws(ReferenceError) {
    guard !text.isEmpty else { throw fault("it is empty") }
    for index in text.indices {
      let character = text[index]
      if character == " " || character == "\t" || character.isNewline {
        throw fault("it contains white space; name one image only", at: index)
      }
      guard let byte = character.asciiValue, byte > 0x20, byte < 0x7f else {
        throw fault("'\(character.isASCII ? "a control character" : String(character))' is not allowed", at: index)
      }
    }
    if let scheme = text.range(of: "://") {
      throw fault("drop '\(text[..<scheme.upperBound])'; a reference has no scheme", at: text.startIndex)
    }
    if text.contains("{{") || text.contains("${") || text.hasPrefix("$") {
      throw fault("it is a template that was not rendered")
    }
  }

  private func takeDigest(from rest: inout Substring) throws(ReferenceError) -> Digest? {
    guard let at = rest.firstIndex(of: "@") else { return nil }
    let digestText = rest[rest.index(after: at)...]
    defer { rest = rest[..<at] }
    do {
      return try Digest(parsing: digestText)
    } catch {
      throw fault("its digest is malformed: \(error.reason)", at: rest.index(after: at))
    }
  }

  private func takeTag(from rest: inout Substring) throws(ReferenceError) -> String? {
    let lastSlash = rest.lastIndex(of: "/") ?? rest.startIndex
    guard let colon = rest[lastSlash...].lastIndex(of: ":"), !rest[lastSlash...].hasSuffix("]") else { return nil }
    let tag = rest[rest.index(after: colon)...]
    let start = rest.index(after: colon)
    guard !tag.isEmpty else { throw fault("the tag after ':' is missing", at: colon) }
    guard tag.utf8.count <= 128 else {
      throw fault("the tag has \(tag.utf8.count) characters; at most 128 are allowed", at: start)
    }
    for index in tag.indices where !Self.isTagCharacter(tag[index], first: index == start) {
      throw fault(
        index == start
          ? "a tag cannot start with '\(tag[index])'"
          : "'\(tag[index])' is not allowed in a tag (letters, digits, '_', '.', '-')", at: index)
    }
    rest = rest[..<colon]
    return String(tag)
  }

  /// Docker's rule for telling `registry/name` from `user/name`.
  private static func namesRegistry(_ first: Substring) -> Bool {
    first.contains(".") || first.contains(":") || first == "localhost" || first.contains { $0.isUppercase }
  }

  private func checkedRegistry(_ registry: Substring) throws(ReferenceError) -> String {
    var host = registry
    if registry.hasPrefix("[") {
      guard let end = registry.firstIndex(of: "]") else {
        throw fault("the IPv6 address of the registry has no closing ']'", at: registry.startIndex)
      }
      let address = registry[registry.index(after: registry.startIndex)..<end]
      guard Self.isIPv6(address) else {
        throw fault("'\(address)' is not an IPv6 address", at: address.startIndex)
      }
      let after = registry[registry.index(after: end)...]
      guard !after.isEmpty else { return String(registry) }
      guard after.first == ":" else { throw fault("only ':port' may follow ']'", at: after.startIndex) }
      try checkPort(after.dropFirst(), at: after.startIndex)
      return String(registry)
    }
    if let colon = registry.firstIndex(of: ":") {
      host = registry[..<colon]
      try checkPort(registry[registry.index(after: colon)...], at: colon)
    }
    var component = host.startIndex
    for label in host.split(separator: ".", omittingEmptySubsequences: false) {
      guard !label.isEmpty else { throw fault("the registry '\(registry)' has an empty part", at: component) }
      for index in label.indices where !(label[index].isLetter || label[index].isNumber || label[index] == "-") {
        throw fault("'\(label[index])' is not allowed in a registry name", at: index)
      }
      if label.first == "-" || label.last == "-" {
        throw fault("a part of the registry name starts or ends with '-'", at: component)
      }
      component = label.endIndex < host.endIndex ? host.index(after: label.endIndex) : label.endIndex
    }
    return registry == "index.docker.io" ? Reference.dockerHub : String(registry)
  }

  private func checkPort(_ port: Substring, at index: String.Index) throws(ReferenceError) {
    guard let number = UInt16(port), number > 0, port.allSatisfy({ $0.isNumber }) else {
      throw fault("'\(port)' is not a port (1-65535)", at: index)
    }
  }

  private func checkRepository(_ repository: Substring) throws(ReferenceError) {
    for component in repository.split(separator: "/", omittingEmptySubsequences: false) {
      guard let first = component.first, let last = component.last else {
        throw fault("the repository name has an empty part (a '/' too many)", at: component.startIndex)
      }
      for index in component.indices {
        let character = component[index]
        if character.isUppercase {
          throw fault("repository names are lower case; '\(character)' is not", at: index)
        }
        guard character.isLowercase || character.isNumber || "._-".contains(character) else {
          throw fault("'\(character)' is not allowed in a repository name", at: index)
        }
      }
      if !(first.isLowercase || first.isNumber) || !(last.isLowercase || last.isNumber) {
        throw fault("'\(component)' must start and end with a letter or a digit", at: component.startIndex)
      }
      try checkSeparators(component)
    }
  }

  /// Between letters and digits stand one '.', one or two '_', or any number of '-'.
  private func checkSeparators(_ component: Substring) throws(ReferenceError) {
    var start: String.Index?
    for index in component.indices {
      let isSeparator = "._-".contains(component[index])
      if isSeparator, start == nil { start = index }
      guard !isSeparator, let begin = start else { continue }
      let separator = component[begin..<index]
      guard separator == "." || separator == "_" || separator == "__" || separator.allSatisfy({ $0 == "-" }) else {
        throw fault("'\(separator)' is not allowed between letters (one '.', one or two '_', or dashes)", at: begin)
      }
      start = nil
    }
  }

  private static func isTagCharacter(_ character: Character, first: Bool) -> Bool {
    character.isLetter || character.isNumber || character == "_" || (!first && (character == "." || character == "-"))
  }

  /// Whether the text is an IPv6 address without a zone, with an embedded IPv4 address at most at its end.
  private static func isIPv6(_ text: Substring) -> Bool {
    let halves = text.components(separatedBy: "::")
    guard halves.count <= 2 else { return false }
    var count = 0
    for (number, half) in halves.enumerated() where !half.isEmpty {
      let groups = half.split(separator: ":", omittingEmptySubsequences: false)
      for (position, group) in groups.enumerated() {
        let isLast = number == halves.count - 1 && position == groups.count - 1
        if isLast, group.contains(".") {
          let bytes = group.split(separator: ".", omittingEmptySubsequences: false)
          guard bytes.count == 4, bytes.allSatisfy({ UInt8($0) != nil }) else { return false }
          count += 2
        } else {
          guard (1...4).contains(group.count), group.allSatisfy({ $0.isHexDigit }) else { return false }
          count += 1
        }
      }
    }
    return halves.count == 2 ? count <= 7 : count == 8
  }
}

extension Substring {
  /// The parts between occurrences of `separator`, without Foundation.
  fileprivate func components(separatedBy separator: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self
    while let range = rest.range(of: separator) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return parts + [rest]
  }

  /// The first occurrence of `text`.
  fileprivate func range(of text: String) -> Range<Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text), let end = self.index(index, offsetBy: text.count, limitedBy: endIndex) {
        return index..<end
      }
      formIndex(after: &index)
    }
    return nil
  }
}

extension String {
  fileprivate func range(of text: String) -> Range<Index>? { self[...].range(of: text) }
}
