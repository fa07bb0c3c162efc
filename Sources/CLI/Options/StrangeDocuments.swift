import Documents

/// What is to be said of documents of a file that are no Kubernetes objects, and so are passed by.
struct StrangeDocuments {
  /// Of more only the number is told.
  private static let most = 5

  private let name: String
  private var shown: [String] = []
  private var others = 0

  /// - Parameter name: of the file, for messages.
  init(in name: String) { self.name = name }

  mutating func add(_ document: YAMLDocument) {
    guard let lack = Self.lack(of: document.json) else { return }
    if shown.count < Self.most {
      shown.append("\(name), line \(document.line): this document is passed by, as it \(lack)")
    } else {
      others += 1
    }
  }

  /// A line each.
  var remarks: [String] {
    others == 0
      ? shown : shown + ["\(name): \(others) more \(others == 1 ? "document is" : "documents are") passed by"]
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
