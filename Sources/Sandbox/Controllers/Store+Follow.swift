import Documents
import Synchronization

/// What a controller is woken by.
enum Change: Sendable {
  case event(ResourceName, StoreEvent)
  /// All that was there at the beginning has been told.
  case synced
  case tick
}

extension Store {
  /// Hands every change of some resources to `body`, one after the other, until that says false or the task is
  /// cancelled. What is there at the beginning comes as added.
  ///
  /// - Parameter tick: also calls `body` in this interval.
  func follow(
    _ resources: [ResourceName], tick: Duration? = nil, _ body: (Change) async -> Bool
  ) async {
    let (changes, continuation) = AsyncStream<Change>.makeStream()
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
  var object: (json: JSON, isGone: Bool) {
    switch self {
    case .added(let json), .modified(let json): (json, false)
    case .deleted(let json): (json, true)
    case .bookmark: ([:], false)
    }
  }
}

/// The namespace and name of an object.
struct ObjectName: Hashable, Sendable {
  var namespace: String?
  var name: String

  init(_ object: JSON) {
    namespace = object[path: "metadata", "namespace"]?.string
    name = object[path: "metadata", "name"]?.string ?? ""
  }

  var key: ObjectKey { ObjectKey(namespace, name) }
}

extension JSON {
  /// `metadata.uid`.
  var uid: String { self[path: "metadata", "uid"]?.string ?? "" }
  var isTerminating: Bool { self[path: "metadata", "deletionTimestamp"] != nil }
  var nodeName: String? { self[path: "spec", "nodeName"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  var phase: String? { self[path: "status", "phase"]?.string }
  /// Of a pod: `Succeeded` or `Failed`.
  var isOver: Bool { phase == "Succeeded" || phase == "Failed" }

  /// Of a pod or node: the status of its condition of that type.
  func condition(_ type: String) -> String? {
    self[path: "status", "conditions"]?.array?.first { $0["type"]?.string == type }?["status"]?.string
  }

  /// Replaces the condition of its type in `status.conditions`; the time of its last change is kept when the status is.
  mutating func set(condition: JSON, at now: String) {
    var conditions = self[path: "status", "conditions"]?.array ?? []
    var condition = condition
    let index = conditions.firstIndex { $0["type"] == condition["type"] }
    let isSame = index.map { conditions[$0]["status"] == condition["status"] } ?? false
    condition["lastTransitionTime"] =
      isSame ? index.flatMap { conditions[$0]["lastTransitionTime"] } ?? .string(now) : .string(now)
    if let index { conditions[index] = condition } else { conditions.append(condition) }
    self[path: "status", "conditions"] = .array(conditions)
  }
}
