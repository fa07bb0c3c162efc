/// The rest of lists that were read in part: pages of one list show one moment.
struct SnapshotTable {
  private struct Snapshot {
    let objects: [StoredObject]
    let revision: Int
  }

  /// Older ones are forgotten, and their tokens refused with 410.
  private static let limit = 64

  private var snapshots: [Int: Snapshot] = [:]
  private var last = 0

  mutating func keep(_ objects: [StoredObject], revision: Int) -> Int {
    last += 1
    snapshots[last] = Snapshot(objects: objects, revision: revision)
    snapshots[last - Self.limit] = nil
    return last
  }

  func objects(_ id: Int) -> (objects: [StoredObject], revision: Int)? {
    snapshots[id].map { ($0.objects, $0.revision) }
  }

  mutating func removeAll() { snapshots.removeAll() }
}
