/// The parameters of a request's address.
struct QueryParameters: Sendable {
  private var values: [String: [String]] = [:]

  init(_ query: String) {
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      func text(_ part: Substring) -> String {
        String(part.map { $0 == "+" ? " " : $0 }).removingPercentEncoding
      }
      values[text(parts[0]), default: []].append(parts.count > 1 ? text(parts[1]) : "")
    }
  }

  subscript(name: String) -> String? { values[name]?.first }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  func flag(_ name: String) -> Bool { ["true", "1"].contains(self[name]) }

  var isDryRun: Bool { all("dryRun").contains("All") }
}
