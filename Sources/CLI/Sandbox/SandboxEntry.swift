import Documents

/// A sandbox's cluster, user and context in a kubeconfig that may hold others.
///
/// The cluster has a mark that says whose it is, so that only what a sandbox added is ever taken out, also after it
/// was killed.
struct SandboxEntry: Hashable {
  /// Of the cluster, the user and the context.
  let name: String
  let owner: Owner

  /// The process that added an entry.
  struct Owner: Hashable {
    let process: Int
    /// When it started, as far as that can be known: numbers of processes come again.
    let start: String
  }

  struct NotKubeconfig: Error {}

  private static let markName = "prepull.dev/sandbox"
  private static let lists = ["clusters", "users", "contexts"]

  /// Adds the only cluster of `own` to a document and makes it the current one; entries of sandboxes that are no longer
  /// there go.
  ///
  /// - Parameters:
  ///   - document: what the file holds; nil for no file, or an empty one.
  ///   - isNew: there was no file, so that it goes with what was added.
  ///   - isAlive: whether the process of another entry still runs.
  static func add(
    _ own: JSON, to document: JSON?, isNew: Bool, of owner: Owner, isAlive: (Owner) -> Bool
  ) throws(NotKubeconfig) -> (document: JSON, entry: SandboxEntry) {
    var document = document ?? ["apiVersion": "v1", "kind": "Config"]
    var isOwnFile = isNew
    guard document.object != nil, document["kind"] == "Config" || document["clusters"]?.array != nil else {
      throw NotKubeconfig()
    }
    for (name, mark) in marks(in: document) where !isAlive(Owner(mark)) {
      if mark["isOwnFile"] == true { isOwnFile = true }
      take(name, mark, from: &document)
    }
    let taken = Set(lists.flatMap { document[$0]?.array ?? [] }.compactMap { $0["name"]?.string })
    let names = (1...).lazy.map { $0 == 1 ? "prepull-sandbox" : "prepull-sandbox-\($0)" }
    let name = names.first { !taken.contains($0) } ?? ""
    var cluster = own["clusters"]?.array?.first?["cluster"] ?? [:]
    var details: JSON = [
      "process": .integer(Int64(owner.process)), "start": .string(owner.start), "isOwnFile": .bool(isOwnFile),
    ]
    details["before"] = document["current-context"]
    cluster["extensions"] = [["name": .string(markName), "extension": details]]
    let parts: [JSON] = [
      ["name": .string(name), "cluster": cluster],
      ["name": .string(name), "user": own["users"]?.array?.first?["user"] ?? [:]],
      ["name": .string(name), "context": ["cluster": .string(name), "user": .string(name)]],
    ]
    for (list, part) in zip(lists, parts) { document[list] = .array((document[list]?.array ?? []) + [part]) }
    document["current-context"] = .string(name)
    return (document, SandboxEntry(name: name, owner: owner))
  }

  /// The document without this entry; nil where nothing else was ever in it. As it is when the entry is not there.
  func removed(from document: JSON) -> JSON? {
    guard let (_, mark) = Self.marks(in: document).first(where: { $0.name == name && Owner($0.mark) == owner }) else {
      return document
    }
    var document = document
    Self.take(name, mark, from: &document)
    let isEmpty = Self.lists.allSatisfy { document[$0]?.array?.isEmpty ?? true }
    return isEmpty && mark["isOwnFile"] == true ? nil : document
  }

  private static func marks(in document: JSON) -> [(name: String, mark: JSON)] {
    (document["clusters"]?.array ?? []).compactMap { cluster in
      let mark = cluster[path: "cluster", "extensions"]?.array?.first { $0["name"]?.string == markName }
      guard let name = cluster["name"]?.string, let details = mark?["extension"] else { return nil }
      return (name, details)
    }
  }

  /// Another sandbox's cluster, which has what was current before the one that goes, and the file if that was its own.
  private static func handingOn(_ name: String, _ mark: JSON, to cluster: JSON) -> JSON {
    guard let extensions = cluster[path: "cluster", "extensions"]?.array else { return cluster }
    var cluster = cluster
    cluster[path: "cluster", "extensions"] = .array(
      extensions.map { item in
        guard item["name"]?.string == markName else { return item }
        var item = item
        if item[path: "extension", "before"]?.string == name { item[path: "extension", "before"] = mark["before"] }
        if mark["isOwnFile"] == true { item[path: "extension", "isOwnFile"] = true }
        return item
      })
    return cluster
  }

  private static func take(_ name: String, _ mark: JSON, from document: inout JSON) {
    for list in lists {
      guard let items = document[list]?.array else { continue }
      document[list] = .array(items.filter { $0["name"]?.string != name })
    }
    if let clusters = document["clusters"]?.array {
      document["clusters"] = .array(clusters.map { handingOn(name, mark, to: $0) })
    }
    guard document["current-context"]?.string == name else { return }
    let before = mark["before"]?.string ?? ""
    let isThere = document["contexts"]?.array?.contains { $0["name"]?.string == before } ?? false
    document["current-context"] = isThere || mark["before"] != nil && before.isEmpty ? mark["before"] : .none
  }
}

extension SandboxEntry.Owner {
  fileprivate init(_ mark: JSON) {
    self.init(process: Int(mark["process"]?.integer ?? 0), start: mark["start"]?.string ?? "")
  }
}
