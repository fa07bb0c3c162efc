import Documents

/// What is to be said of keys that stand more than once in the documents of a file.
struct DuplicateKeys {
  /// Of more only the number is told.
  private static let most = 5

  private let name: String
  private var shown: [String] = []
  private var others = 0

  /// - Parameter name: of the file, for messages.
  init(in name: String) { self.name = name }

  mutating func add(_ document: YAMLDocument) {
    for duplicate in document.duplicates {
      if shown.count < Self.most {
        shown.append(
          "\(name), line \(duplicate.line): the key '\(ForeignText.clean(duplicate.key, limit: 80))' is there already; the last one holds, as it does "
            + "for kubectl")
      } else {
        others += 1
      }
    }
  }

  /// A line each.
  var remarks: [String] {
    others == 0
      ? shown : shown + ["\(name): \(others) more \(others == 1 ? "key is" : "keys are") there more than once"]
  }
}
