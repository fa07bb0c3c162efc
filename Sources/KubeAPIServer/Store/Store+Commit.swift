import Documents
import Synchronization

extension Store {
  /// What to do with an object in the next revision.
  enum Step {
    case put(JSON)
    case remove(JSON)
  }

  /// Writes `step` if the object is still `current`; nil when somebody else was faster.
  func commit(
    _ step: Step, over current: StoredObject?, _ definition: ResourceDefinition, _ key: ObjectKey
  ) throws(StatusError) -> StoredObject? {
    let (result, slow) = try state.withLock {
      state throws(StatusError) -> (StoredObject?, [Watcher]) in
      guard state.tables[definition.name]?.objects[key] === current else { return (nil, []) }
      if current == nil { try Self.checkNamespace(state, definition, key) }
      state.revision += 1
      let revision = state.revision
      let written: StoredObject
      switch step {
      case .put(let object):
        written = Self.stamp(object, key, revision)
        state.tables[definition.name]?.put(written, definition)
      case .remove(let object):
        written = Self.stamp(object, key, revision)
        if let current { state.tables[definition.name]?.remove(current, tombstone: written, definition) }
      }
      var slow = definition.name == CustomResource.resource ? CustomResource.register(&state) : []
      guard let change = state.tables[definition.name]?.history.last else { return (written, slow) }
      for watcher in state.tables[definition.name]?.watchers.concerned(by: change) ?? []
      where !watcher.tell(change) {
        state.tables[definition.name]?.watchers.remove(watcher)
        slow.append(watcher)
      }
      return (written, slow)
    }
    // Ending a stream calls back into the store.
    for watcher in slow { watcher.continuation.finish() }
    return result
  }

  private static func stamp(_ object: JSON, _ key: ObjectKey, _ revision: Int) -> StoredObject {
    var object = object
    object[path: "metadata", "resourceVersion"] = .string(String(revision))
    return StoredObject(object, key: key, revision: revision)
  }

  static func checkNamespace(
    _ state: State, _ definition: ResourceDefinition, _ key: ObjectKey
  ) throws(StatusError) {
    guard definition.isNamespaced else { return }
    let namespaces = ResourceName(plural: "namespaces")
    guard let namespace = state.tables[namespaces]?.objects[ObjectKey(nil, key.namespace)]?.json else {
      throw .notFound(namespaces, key.namespace)
    }
    guard namespace[path: "metadata", "deletionTimestamp"] != nil else { return }
    throw .forbidden(
      definition.name, key.name,
      "unable to create new content in namespace \(key.namespace) because it is being terminated",
      causes: [
        [
          "reason": "NamespaceTerminating",
          "message": .string("namespace \(key.namespace) is being terminated"), "field": "metadata.namespace",
        ]
      ])
  }
}
