import Documents

/// What is to be said of documents of a file that are no Kubernetes objects, and so are passed by.
struct StrangeDocuments {
  private let name: String
  private var found = FileRemarks()

  /// - Parameter name: of the file, for messages.
  init(in name: String) { self.name = name }

  mutating func add(_ document: YAMLDocument) {
    guard let lack = Self.lack(of: document.json) else { return }
    found.add("\(name), line \(document.line): this document is passed by, as it \(lack)")
  }

  /// A line each.
  var remarks: [String] {
    found.lines { "\(name): \($0) more \($0 == 1 ? "document is" : "documents are") passed by" }
  }

  /// Why nothing in it is an object; nil where something is, or where there is nothing.
  private static func lack(of json: JSON) -> String? {
    switch json {
    case .object(let members):
      let missing = ["apiVersion", "kind"].filter { members[$0]?.string?.isEmpty ?? true }
      return missing.isEmpty ? nil : "has no \(missing.joined(separator: " and no "))"
    case .array(let elements):
      let lacks = elements.map(lack)
      return lacks.contains(nil) ? nil : lacks.first ?? nil
    default: return "is no object"
    }
  }
}
