/// Remarks on a file: the first ones whole, of more only their number.
struct FileRemarks {
  private static let most = 5

  private var shown: [String] = []
  private var others = 0

  /// - Parameter text: made only when it is shown.
  mutating func add(_ text: @autoclosure () -> String) {
    if shown.count < Self.most { shown.append(text()) } else { others += 1 }
  }

  /// A line each.
  ///
  /// - Parameter rest: says what is with so many more.
  func lines(rest: (Int) -> String) -> [String] { others == 0 ? shown : shown + [rest(others)] }
}
