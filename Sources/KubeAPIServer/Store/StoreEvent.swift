package import Documents

/// A change that a watcher gets, with the object as it is then (`deleted`: as it last was).
package enum StoreEvent: Sendable {
  case added(JSON)
  case modified(JSON)
  case deleted(JSON)
  /// Everything up to this resource version was sent.
  case bookmark(Int)
}

/// A change with its object as stored, so that it is encoded once for all watchers.
struct StoredEvent: Sendable {
  enum Kind: String, Sendable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
    /// The end of the initial state.
    case bookmark = "BOOKMARK"
  }

  let kind: Kind
  let object: StoredObject
}

/// The changes of one resource from the moment of asking, the state at that moment first.
///
/// Ends only when the task that reads it is cancelled; the buffer is not bounded.
package struct StoreWatch: AsyncSequence, Sendable {
  let events: AsyncStream<StoredEvent>

  package struct Iterator: AsyncIteratorProtocol {
    var base: AsyncStream<StoredEvent>.Iterator

    package mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> StoreEvent? {
      guard let event = await base.next(isolation: actor) else { return nil }
      return switch event.kind {
      case .added: .added(event.object.json)
      case .modified: .modified(event.object.json)
      case .deleted: .deleted(event.object.json)
      case .bookmark: .bookmark(event.object.revision)
      }
    }
  }

  package func makeAsyncIterator() -> Iterator { Iterator(base: events.makeAsyncIterator()) }
}
