import NIOHTTP1

/// What a registry asks for before it answers: one challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1).
struct Challenge: Equatable {
  /// In lower case: `basic`, `bearer`.
  let scheme: String
  /// Names in lower case.
  var parameters: [String: String] = [:]

  /// Every challenge of every such header, in order.
  static func all(in headers: HTTPHeaders) -> [Challenge] {
    headers["WWW-Authenticate"].flatMap { parse($0) }
  }

  static func parse(_ header: String) -> [Challenge] {
    var scanner = Scanner(rest: header[...])
    var challenges: [Challenge] = []
    while let word = scanner.word() {
      if scanner.take("="), !challenges.isEmpty {
        challenges[challenges.count - 1].parameters[word.lowercased()] = scanner.quoted() ?? scanner.word() ?? ""
      } else {
        challenges.append(Challenge(scheme: word.lowercased()))
      }
    }
    return challenges
  }

  private struct Scanner {
    var rest: Substring

    /// The next run of token characters, past commas and white space.
    mutating func word() -> String? {
      rest = rest.drop { $0 == "," || $0.isWhitespace }
      let word = rest.prefix { !$0.isWhitespace && !"=,\"".contains($0) }
      if word.isEmpty, !rest.isEmpty {
        rest = rest.dropFirst()  // stray character: pass it by
        return self.word()
      }
      rest = rest[word.endIndex...]
      return word.isEmpty ? nil : String(word)
    }

    mutating func take(_ character: Character) -> Bool {
      let next = rest.drop { $0.isWhitespace }
      guard next.first == character else { return false }
      rest = next.dropFirst()
      return true
    }

    /// A quoted string, with its escapes undone.
    mutating func quoted() -> String? {
      guard take("\"") else { return nil }
      var text = ""
      while let character = rest.popFirst(), character != "\"" {
        if character == "\\", let escaped = rest.popFirst() { text.append(escaped) } else { text.append(character) }
      }
      return text
    }
  }
}
