import Documents
import Synchronization

/// A watch under way.
struct OpenWatch: Sendable {
  let id: Int
  let events: AsyncStream<StoredEvent>
  let end: @Sendable () -> Void
}

extension Store {
  /// The objects of a resource as they are now, as `added`, then a bookmark, then every change.
  package func watch(
    _ resource: ResourceName, namespace: String? = nil, matching filter: ObjectFilter = .all
  ) -> StoreWatch {
    StoreWatch(events: open(resource, namespace: namespace, filter, limit: nil).events)
  }

  /// A watch that begins with the present state; `limit` bounds its buffer, a reader too slow for it is ended.
  func open(
    _ resource: ResourceName, namespace: String?, _ filter: ObjectFilter, limit: Int?, isBookmarked: Bool = true
  ) -> OpenWatch {
    let (events, continuation) = Self.stream(limit: limit)
    let id = state.withLock { state in
      let watcher = Self.register(&state, resource, namespace, filter, continuation)
      let objects = state.tables[resource]?.select(namespace: namespace, filter) ?? []
      for object in objects.sorted(by: { $0.key < $1.key }) {
        continuation.yield(StoredEvent(kind: .added, object: object))
      }
      if isBookmarked { continuation.yield(Self.bookmark(state, resource)) }
      return watcher.id
    }
    forgetAtEnd(id, of: resource, continuation)
    return OpenWatch(id: id, events: events, end: { continuation.finish() })
  }

  /// A watch that goes on after `revision`; throws 410 when what happened since is no longer known.
  func resume(
    _ resource: ResourceName, namespace: String?, _ filter: ObjectFilter, after revision: Int, limit: Int?
  ) throws(StatusError) -> OpenWatch {
    let (events, continuation) = Self.stream(limit: limit)
    let id = try state.withLock { state throws(StatusError) -> Int in
      guard let table = state.tables[resource], revision >= table.horizon else {
        throw .expired("too old resource version: \(revision) (\(state.tables[resource]?.horizon ?? 0))")
      }
      let watcher = Self.register(&state, resource, namespace, filter, continuation)
      for change in table.history where change.revision > revision { _ = watcher.tell(change) }
      return watcher.id
    }
    forgetAtEnd(id, of: resource, continuation)
    return OpenWatch(id: id, events: events, end: { continuation.finish() })
  }

  /// Tells a reader how far it has got, after everything that it was sent before.
  func bookmark(_ id: Int, of resource: ResourceName) {
    state.withLock { state in
      guard let watcher = state.tables[resource]?.watchers[id] else { return }
      watcher.continuation.yield(Self.bookmark(state, resource))
    }
  }

  /// Forgets the past: watches and pages from before now are refused with 410.
  package func compact() {
    state.withLock { state in
      state.snapshots.removeAll()
      for name in state.tables.keys { state.tables[name]?.compact(at: state.revision) }
    }
  }

  /// In a task of its own: a task that cancels a reader holds that task's lock, for which a writer may be waiting while it
  /// tells the reader of a change and holds ours.
  private func forgetAtEnd(
    _ id: Int, of resource: ResourceName, _ continuation: AsyncStream<StoredEvent>.Continuation
  ) {
    continuation.onTermination = { [weak self] _ in Task { self?.forget(id, of: resource) } }
  }

  private func forget(_ id: Int, of resource: ResourceName) {
    state.withLock { state in
      guard let watcher = state.tables[resource]?.watchers[id] else { return }
      state.tables[resource]?.watchers.remove(watcher)
    }
  }

  private static func stream(
    limit: Int?
  ) -> (AsyncStream<StoredEvent>, AsyncStream<StoredEvent>.Continuation) {
    AsyncStream.makeStream(bufferingPolicy: limit.map { .bufferingOldest($0) } ?? .unbounded)
  }

  private static func register(
    _ state: inout State, _ resource: ResourceName, _ namespace: String?, _ filter: ObjectFilter,
    _ continuation: AsyncStream<StoredEvent>.Continuation
  ) -> Watcher {
    state.lastWatcher += 1
    let watcher = Watcher(
      id: state.lastWatcher, namespace: namespace, filter: filter, continuation: continuation)
    state.tables[resource]?.watchers.add(watcher)
    return watcher
  }

  private static func bookmark(_ state: State, _ resource: ResourceName) -> StoredEvent {
    let definition = state.definitions[resource]
    let object: JSON = [
      "kind": .string(definition?.kind ?? ""), "apiVersion": .string(definition?.apiVersion ?? ""),
      "metadata": ["resourceVersion": .string(String(state.revision)), "creationTimestamp": .null],
    ]
    return StoredEvent(
      kind: .bookmark, object: StoredObject(object, key: ObjectKey(nil, ""), revision: state.revision))
  }
}
