/// Keys with the time at which each is due, the earliest first; of those due at one time, the first that came.
struct DueQueue<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Sendable {
    let time: Duration
    let order: Int
    let key: Key

    static func < (one: Entry, other: Entry) -> Bool {
      one.time == other.time ? one.order < other.order : one.time < other.time
    }
  }

  /// A binary heap; entries whose order is not the one in `orders` are void.
  private var heap: [Entry] = []
  private var orders: [Key: (order: Int, time: Duration)] = [:]
  private var lastOrder = 0

  var count: Int { orders.count }

  /// Makes a key due at `time`, or leaves it where it is due earlier.
  mutating func add(_ key: Key, at time: Duration) {
    if let old = orders[key], old.time <= time { return }
    lastOrder += 1
    orders[key] = (lastOrder, time)
    heap.append(Entry(time: time, order: lastOrder, key: key))
    rise()
  }

  mutating func remove(_ key: Key) { orders[key] = nil }

  /// Takes the first key that is due.
  mutating func next(at now: Duration) -> Key? {
    while let first = heap.first {
      let isVoid = orders[first.key]?.order != first.order
      guard isVoid || first.time <= now else { return nil }
      removeFirst()
      if isVoid { continue }
      orders[first.key] = nil
      return first.key
    }
    return nil
  }

  private mutating func rise() {
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index] < heap[parent] else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
