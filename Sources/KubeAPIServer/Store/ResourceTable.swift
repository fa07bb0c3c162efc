import Documents

/// The objects of one resource, what lists and watches of them need, and what recently happened to them.
struct ResourceTable {
  /// A change as it is remembered for watches that resume.
  struct Change {
    let revision: Int
    let before: StoredObject?
    let after: StoredObject?
    /// The last state of a deleted object, with the revision of its deletion.
    let tombstone: StoredObject?
  }

  /// At least so many changes are remembered; watches from before them are refused with 410.
  static let historyLimit = 4_096

  private(set) var objects: [ObjectKey: StoredObject] = [:]
  private var namespaces: [String: Set<ObjectKey>] = [:]
  private var index: [String: Set<ObjectKey>] = [:]
  private(set) var history: [Change] = []
  /// Watches have to begin here or later.
  private(set) var horizon = 0
  var watchers = WatcherTable()

  mutating func put(_ object: StoredObject, _ definition: ResourceDefinition) {
    let before = objects.updateValue(object, forKey: object.key)
    if before == nil { namespaces[object.key.namespace, default: []].insert(object.key) }
    let old = before.map { definition.indexKeys($0.json) } ?? []
    let new = definition.indexKeys(object.json)
    if old != new {
      for key in old { index[key]?.remove(object.key) }
      for key in new { index[key, default: []].insert(object.key) }
    }
    remember(Change(revision: object.revision, before: before, after: object, tombstone: nil))
  }

  mutating func remove(_ object: StoredObject, tombstone: StoredObject, _ definition: ResourceDefinition) {
    objects[object.key] = nil
    namespaces[object.key.namespace]?.remove(object.key)
    for key in definition.indexKeys(object.json) {
      index[key]?.remove(object.key)
      if index[key]?.isEmpty == true { index[key] = nil }
    }
    remember(Change(revision: tombstone.revision, before: object, after: nil, tombstone: tombstone))
  }

  private mutating func remember(_ change: Change) {
    history.append(change)
    // Dropping half at a time keeps the cost of it small.
    guard history.count >= 2 * Self.historyLimit else { return }
    horizon = history[Self.historyLimit - 1].revision
    history.removeFirst(Self.historyLimit)
  }

  /// Forgets what happened up to now.
  mutating func compact(at revision: Int) {
    history.removeAll()
    horizon = revision
  }

  /// The objects that a reader wants, in no order.
  func select(namespace: String?, _ filter: ObjectFilter) -> [StoredObject] {
    if let name = filter.fields.value(of: ["metadata", "name"]), let namespace {
      return [objects[ObjectKey(namespace, name)]].compactMap(\.self).filter { filter.matches($0.json) }
    }
    var candidates: Set<ObjectKey>?
    for (prefix, value) in [
      ("spec.nodeName=", filter.fields.value(of: ["spec", "nodeName"])),
      ("involvedObject.uid=", filter.fields.value(of: ["involvedObject", "uid"])),
      ("instance=", filter.labels.value(of: Store.indexedLabel)),
    ] {
      guard let value, !value.isEmpty, candidates == nil, isIndexed(prefix) else { continue }
      candidates = index[prefix + value] ?? []
    }
    if let candidates {
      return candidates.compactMap { objects[$0] }.filter {
        (namespace == nil || $0.key.namespace == namespace) && filter.matches($0.json)
      }
    }
    let all: [StoredObject] =
      if let namespace { (namespaces[namespace] ?? []).compactMap { objects[$0] } } else { Array(objects.values) }
    return filter.labels.isEmpty && filter.fields.isEmpty ? all : all.filter { filter.matches($0.json) }
  }

  /// Whether this resource keeps an index of that kind: any of its objects would be in it.
  private func isIndexed(_ prefix: String) -> Bool {
    index.isEmpty ? false : indexedPrefixes.contains(prefix)
  }

  private var indexedPrefixes: Set<String> = []

  init(_ definition: ResourceDefinition) {
    switch definition.name.description {
    case "pods": indexedPrefixes = ["spec.nodeName=", "instance="]
    case "events": indexedPrefixes = ["involvedObject.uid="]
    default: break
    }
  }

  var isEmpty: Bool { objects.isEmpty }

  /// Of the last change.
  var lastRevision: Int { history.last?.revision ?? horizon }
}
