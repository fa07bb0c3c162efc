import Documents

/// What is to be said of keys that stand more than once in the documents of a file.
struct DuplicateKeys {
  private let name: String
  private var found = FileRemarks()

  /// - Parameter name: of the file, for messages.
  init(in name: String) { self.name = name }

  mutating func add(_ document: YAMLDocument) {
    for duplicate in document.duplicates {
      found.add(
        "\(name), line \(duplicate.line): the key '\(ForeignText.clean(duplicate.key, limit: 80))' is there already; the last one holds, as it does "
          + "for kubectl")
    }
  }

  /// A line each.
  var remarks: [String] {
    found.lines { "\(name): \($0) more \($0 == 1 ? "key is" : "keys are") there more than once" }
  }
}
