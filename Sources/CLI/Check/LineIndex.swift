/// The lines of a manifest on which some words stand, to be asked for one after the other.
///
/// Parsed YAML does not tell where its values stood; words do, but for the rare ones that span lines.
struct LineIndex {
  /// From 1, in their order.
  private var lines: [String: [Int]] = [:]
  private var start = 1
  /// How many lines of a word were given out or lie before the document.
  private var passed: [String: Int] = [:]

  /// - Parameter words: what will be asked for; anything else is not looked for.
  init(of words: Set<String>, in text: String) {
    var line = 1
    var word: [UInt8] = []
    func end(_ word: inout [UInt8], _ lines: inout [String: [Int]]) {
      defer { word.removeAll(keepingCapacity: true) }
      // `image:nginx` is no key and value, so a word keeps its colons but the last.
      if word.last == UInt8(ascii: ":") { word.removeLast() }
      guard !word.isEmpty, case let text = String(decoding: word, as: UTF8.self), words.contains(text) else { return }
      if lines[text]?.last != line { lines[text, default: []].append(line) }
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\n"):
        end(&word, &lines)
        line += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\""), UInt8(ascii: "'"),
        UInt8(ascii: ","), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"):
        end(&word, &lines)
      default: word.append(byte)
      }
    }
    end(&word, &lines)
  }

  /// - Parameter line: the first of the document that is asked about next.
  mutating func begin(at line: Int) { start = line }

  /// The next line of the document with the word; the last one again where there are no more, as behind an alias.
  mutating func next(with word: String) -> Int? {
    guard let all = lines[word] else { return nil }
    var index = passed[word] ?? 0
    while index < all.count, all[index] < start { index += 1 }
    passed[word] = index + 1
    return index < all.count ? all[index] : all.last
  }
}
