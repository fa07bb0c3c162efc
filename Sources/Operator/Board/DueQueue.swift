import Documents

/// Keys with the time at which each is due, the earliest first; of those due at one time, the first that came.
struct DueQueue<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Comparable, Sendable {
    let time: Duration
    let order: Int
    let key: Key

    static func == (one: Entry, other: Entry) -> Bool { one.order == other.order }

    static func < (one: Entry, other: Entry) -> Bool {
      one.time == other.time ? one.order < other.order : one.time < other.time
    }
  }

  /// Entries whose order is not the one in `orders` are void.
  private var heap = Heap<Entry>()
  private var orders: [Key: (order: Int, time: Duration)] = [:]
  private var lastOrder = 0

  var count: Int { orders.count }

  /// Makes a key due at `time`, or leaves it where it is due earlier.
  mutating func add(_ key: Key, at time: Duration) {
    if let old = orders[key], old.time <= time { return }
    lastOrder += 1
    orders[key] = (lastOrder, time)
    heap.insert(Entry(time: time, order: lastOrder, key: key))
  }

  mutating func remove(_ key: Key) { orders[key] = nil }

  /// Takes the first key that is due.
  mutating func next(at now: Duration) -> Key? {
    while let first = heap.min {
      let isVoid = orders[first.key]?.order != first.order
      guard isVoid || first.time <= now else { return nil }
      heap.popMin()
      if isVoid { continue }
      orders[first.key] = nil
      return first.key
    }
    return nil
  }
}
