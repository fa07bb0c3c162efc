import Documents

/// One reader of the changes of a resource.
struct Watcher: Sendable {
  let id: Int
  let namespace: String?
  let filter: ObjectFilter
  let continuation: AsyncStream<StoredEvent>.Continuation

  /// Tells of a change as far as it concerns this reader; false when its buffer was full.
  func tell(_ change: ResourceTable.Change) -> Bool {
    let before = change.before.flatMap { wants($0) ? $0 : nil }
    let after = change.after.flatMap { wants($0) ? $0 : nil }
    let event: StoredEvent
    switch (before, after) {
    case (nil, .some(let after)): event = StoredEvent(kind: .added, object: after)
    case (.some, .some(let after)): event = StoredEvent(kind: .modified, object: after)
    case (.some(let before), nil):
      event = StoredEvent(kind: .deleted, object: change.tombstone ?? before.restamped(change.revision))
    case (nil, nil): return true
    }
    if case .dropped = continuation.yield(event) { return false }
    return true
  }

  private func wants(_ object: StoredObject) -> Bool {
    (namespace == nil || object.key.namespace == namespace) && filter.matches(object.json)
  }
}

extension StoredObject {
  /// The same object as of a later revision.
  func restamped(_ revision: Int) -> StoredObject {
    var json = json
    json[path: "metadata", "resourceVersion"] = .string(String(revision))
    return StoredObject(json, key: key, revision: revision)
  }
}

/// The readers of one resource; those of a single node's pods apart, so that a thousand kubelets cost a change little.
struct WatcherTable {
  private var general: [Int: Watcher] = [:]
  private var perNode: [String: [Int: Watcher]] = [:]

  mutating func add(_ watcher: Watcher) {
    if let node = Self.node(of: watcher) {
      perNode[node, default: [:]][watcher.id] = watcher
    } else {
      general[watcher.id] = watcher
    }
  }

  subscript(id: Int) -> Watcher? { general[id] ?? perNode.values.lazy.compactMap { $0[id] }.first }

  mutating func remove(_ watcher: Watcher) {
    if let node = Self.node(of: watcher) {
      perNode[node]?[watcher.id] = nil
      if perNode[node]?.isEmpty == true { perNode[node] = nil }
    } else {
      general[watcher.id] = nil
    }
  }

  var all: [Watcher] { Array(general.values) + perNode.values.flatMap(\.values) }

  /// Those whom a change may concern.
  func concerned(by change: ResourceTable.Change) -> [Watcher] {
    var watchers = Array(general.values)
    if perNode.isEmpty { return watchers }
    let nodes = Set(
      [change.before, change.after].compactMap { $0?.json[path: "spec", "nodeName"]?.string })
    for node in nodes { watchers += perNode[node].map { Array($0.values) } ?? [] }
    return watchers
  }

  private static func node(of watcher: Watcher) -> String? {
    guard let node = watcher.filter.fields.value(of: ["spec", "nodeName"]), !node.isEmpty else { return nil }
    return node
  }
}
