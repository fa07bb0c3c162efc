/// Guesses which word was meant.
package enum NearWord {
  /// The word that is nearest to `text`: one that it begins, or that a few slips of the finger turn into it; nil where
  /// none is near.
  package static func nearest(to text: String, among words: [String]) -> String? {
    let text = text.lowercased()
    if text.count >= 2, let longer = words.first(where: { $0.hasPrefix(text) }) { return longer }
    let near = words.map { (word: $0, slips: slips(from: text, to: $0)) }.min { $0.slips < $1.slips }
    return near.flatMap { $0.slips <= max(1, $0.word.count / 3) ? $0.word : nil }
  }

  /// Letters put in, left out or exchanged, and neighbours that changed places (Damerau and Levenshtein).
  private static func slips(from text: String, to word: String) -> Int {
    let (a, b) = (Array(text), Array(word))
    guard !a.isEmpty, a.count < 40 else { return b.count }
    var rows = [Array(0...b.count)]
    for i in 1...a.count {
      var row = [i]
      for j in 1...max(1, b.count) where j <= b.count {
        var least = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, rows[i - 2][j - 2] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
