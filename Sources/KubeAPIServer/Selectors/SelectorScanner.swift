/// Words and signs of a selector.
struct SelectorScanner {
  private var tokens: [String] = []
  private var position = 0

  init(_ text: String) {
    var word = ""
    func isSign(_ character: Character) -> Bool { "=!<>(),".contains(character) }
    func flush(_ tokens: inout [String]) {
      if !word.isEmpty { tokens.append(word) }
      word = ""
    }
    for character in text {
      if character.isWhitespace {
        flush(&tokens)
      } else if isSign(character) {
        flush(&tokens)
        if character == "=", let last = tokens.last, last == "=" || last == "!" {
          tokens[tokens.count - 1] = last + "="
        } else {
          tokens.append(String(character))
        }
      } else {
        word.append(character)
      }
    }
    flush(&tokens)
  }

  func peek() -> String? { position < tokens.count ? tokens[position] : nil }

  mutating func next() -> String? {
    guard position < tokens.count else { return nil }
    position += 1
    return tokens[position - 1]
  }

  mutating func take(_ token: String) -> Bool {
    guard peek() == token else { return false }
    position += 1
    return true
  }

  /// The next token when it is no sign.
  mutating func word() -> String? {
    guard let token = peek(), let first = token.first, !"=!<>(),".contains(first) else { return nil }
    position += 1
    return token
  }
}
