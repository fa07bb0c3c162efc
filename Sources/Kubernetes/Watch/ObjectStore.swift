/// The latest objects of a watch, and what each of its events changes in them. Pure.
package struct ObjectStore<R: Resource>: Sendable {
  package struct Key: Hashable, Sendable {
    package let namespace: String?
    package let name: String

    package init(namespace: String? = nil, name: String) {
      self.namespace = namespace
      self.name = name
    }

    package init(_ object: R) {
      self.init(namespace: object.metadata.namespace, name: object.metadata.name ?? "")
    }
  }

  package enum Change: Sendable, Equatable {
    case added(R)
    case modified(from: R, to: R)
    case deleted(R)
  }

  package private(set) var objects: [Key: R] = [:]

  package init() {}

  /// Takes an event in, and says what it changed; a new list also says what vanished meanwhile.
  package mutating func apply(_ event: WatchEvent<R>) -> [Change] {
    switch event {
    case .restarted(let list):
      var changes: [Change] = []
      let new = Dictionary(list.map { (Key($0), $0) }, uniquingKeysWith: { $1 })
      for (key, object) in objects where new[key] == nil { changes.append(.deleted(object)) }
      for object in list where new[Key(object)] == object { changes += put(object) }
      objects = new
      return changes
    case .applied(let object): return put(object)
    case .deleted(let object):
      // The last state is the one that the server sends, even of an object that was never seen.
      return objects.removeValue(forKey: Key(object)) == nil ? [] : [.deleted(object)]
    case .failed: return []
    }
  }

  /// An object that was deleted and created again under its name is two changes.
  private mutating func put(_ object: R) -> [Change] {
    let old = objects.updateValue(object, forKey: Key(object))
    guard let old else { return [.added(object)] }
    if old.metadata.uid != object.metadata.uid { return [.deleted(old), .added(object)] }
    return old == object ? [] : [.modified(from: old, to: object)]
  }
}
