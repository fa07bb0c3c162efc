package import Documents
import Synchronization

/// What a controller is woken by.
package enum StoreChange: Sendable {
  case event(ResourceName, StoreEvent)
  /// All that was there at the beginning has been sent.
  case synced
  case tick
}

extension Store {
  /// Hands every change of some resources to `body`, one after the other, until that says false or the task is
  /// cancelled. What is there at the beginning comes as added.
  ///
  /// - Parameter tick: also calls `body` in this interval.
  package func follow(
    _ resources: [ResourceName], tick: Duration? = nil, _ body: (StoreChange) async -> Bool
  ) async {
    let (changes, continuation) = AsyncStream<StoreChange>.makeStream()
    await withTaskGroup(of: Void.self) { group in
      let unsynced = Countdown(resources.count)
      for resource in resources {
        group.addTask {
          var isSynced = false
          for await event in self.watch(resource) {
            guard case .bookmark = event else {
              continuation.yield(.event(resource, event))
              continue
            }
            if !isSynced, unsynced.isLast() { continuation.yield(.synced) }
            isSynced = true
          }
        }
      }
      if let tick {
        group.addTask { while (try? await Task.sleep(for: tick)) != nil { continuation.yield(.tick) } }
      }
      for await change in changes where await !body(change) { break }
      group.cancelAll()
    }
  }
}

private final class Countdown: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) { left = Atomic(count) }

  func isLast() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

extension StoreEvent {
  /// The object, and whether it is gone.
  package var object: (json: JSON, isGone: Bool) {
    switch self {
    case .added(let json), .modified(let json): (json, false)
    case .deleted(let json): (json, true)
    case .bookmark: ([:], false)
    }
  }
}
