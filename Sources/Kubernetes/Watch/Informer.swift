import Synchronization

/// Keeps the objects of a kind at hand, up to date, and tells what changes.
package final class Informer<R: Resource>: Sendable {
  package typealias Key = ObjectStore<R>.Key

  package enum Notice: Sendable {
    case changed(ObjectStore<R>.Change)
    /// The first list is taken in.
    case synced
    /// The store may be out of date until a later change.
    case failed(APIError, retryingAfter: Duration)
  }

  private struct State {
    var store = ObjectStore<R>()
    var isSynced = false
  }

  private let sequence: WatchSequence<R>
  private let state = Mutex(State())

  package init(
    _ client: KubernetesClient, _ type: R.Type = R.self, in namespace: String? = nil, labels: String? = nil,
    fields: String? = nil
  ) {
    sequence = client.watch(type, in: namespace, labels: labels, fields: fields)
  }

  /// Whether the store holds a whole list.
  package var isSynced: Bool { state.withLock { $0.isSynced } }

  package var objects: [R] { state.withLock { Array($0.store.objects.values) } }

  package subscript(key: Key) -> R? { state.withLock { $0.store.objects[key] } }

  /// Lists and watches until it is cancelled or what went wrong will not heal.
  ///
  /// - Parameter handle: gets all changes in their order, after the store has them; the watch waits for it.
  package func run(_ handle: (Notice) async throws -> Void) async throws {
    for try await event in sequence {
      let changes = state.withLock { $0.store.apply(event) }
      for change in changes { try await handle(.changed(change)) }
      switch event {
      case .restarted:
        let isFirst = state.withLock { state in
          defer { state.isSynced = true }
          return !state.isSynced
        }
        if isFirst { try await handle(.synced) }
      case .failed(let error, let delay): try await handle(.failed(error, retryingAfter: delay))
      case .applied, .deleted: break
      }
    }
  }
}
