import Documents

/// The nodes that wait for a pod of one Prepull, by priority and then by name.
struct NodeQueue: Sendable {
  /// What goes first inside a Prepull.
  enum Priority: UInt8, Comparable, Sendable {
    /// A gated node that was begun before.
    case gatedAgain
    case gated
    /// A node of a rollout that was begun before.
    case resumed
    case fresh
    case again
    case verify

    var isGated: Bool { self == .gatedAgain || self == .gated }

    /// Whether it goes on when too many nodes failed.
    var goesOnWhenPaused: Bool { self == .gatedAgain || self == .again || self == .verify }

    static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
  }

  /// Nodes of one lane are begun by name, and all wait for the same registries.
  struct Lane: Hashable, Sendable {
    let priority: Priority
    /// Those that the pod would pull from.
    let registries: RegistrySetNumber
    /// What they wait for where seeds go first.
    var seeds: SeedWishes?
  }

  private struct Entry: Comparable, Sendable {
    let name: String
    let node: NodeIndex
    let stamp: Int

    static func < (one: Self, other: Self) -> Bool { (one.name, one.stamp) < (other.name, other.stamp) }
  }

  private struct Place: Sendable {
    let lane: Lane
    let stamp: Int
  }

  /// Entries of nodes that left or moved stay in it until they come up or are too many.
  private var heaps: [Lane: Heap<Entry>] = [:]
  private var places: [NodeIndex: Place] = [:]
  private var lastStamp = 0
  /// Nodes that wait, by lane.
  private(set) var counts: [Lane: Int] = [:]

  /// Nodes that wait.
  var count: Int { places.count }
  var lanes: some Collection<Lane> { heaps.keys }

  func contains(_ node: NodeIndex) -> Bool { places[node] != nil }

  /// Puts a node into a lane, or takes it out; in the lane where it is it keeps its turn.
  mutating func set(_ node: NodeIndex, name: String, in lane: Lane?) {
    guard places[node]?.lane != lane else { return }
    if let former = places[node]?.lane { counts[former] = counts[former].flatMap { $0 > 1 ? $0 - 1 : nil } }
    guard let lane else {
      places[node] = nil
      return
    }
    counts[lane, default: 0] += 1
    lastStamp += 1
    places[node] = Place(lane: lane, stamp: lastStamp)
    var heap = heaps.removeValue(forKey: lane) ?? Heap()
    heap.insert(Entry(name: name, node: node, stamp: lastStamp))
    if heap.count > 2 * count + 64 { heap.removeAll { !isValid($0) } }
    heaps[lane] = heap
  }

  /// The node whose turn it is, of those whose lanes have room; it stays in the queue.
  ///
  /// - Parameter ranks: what goes before the name in a lane, if something does; each of its nodes is looked at then.
  mutating func next(
    isGated: Bool, isPaused: Bool, hasRoom: (Lane) -> Bool,
    ranks: (Lane) -> ((NodeIndex) -> SeedRank)? = { _ in nil }
  ) -> NodeIndex? {
    var best: (priority: Priority, entry: Entry)?
    for lane in Array(heaps.keys) where lane.priority.isGated == isGated {
      guard !isPaused || lane.priority.goesOnWhenPaused, hasRoom(lane) else { continue }
      while let first = heaps[lane]?.min, !isValid(first) { heaps[lane]?.popMin() }
      guard var first = heaps[lane]?.min else {
        heaps[lane] = nil
        continue
      }
      if let rank = ranks(lane) { first = self.first(in: lane, by: rank) ?? first }
      if best.map({ ($0.priority, $0.entry) > (lane.priority, first) }) ?? true { best = (lane.priority, first) }
    }
    return best?.entry.node
  }

  private func first(in lane: Lane, by rank: (NodeIndex) -> SeedRank) -> Entry? {
    (heaps[lane]?.elements ?? []).filter(isValid).map { (rank($0.node), $0) }.min { $0 < $1 }?.1
  }

  private func isValid(_ entry: Entry) -> Bool { places[entry.node]?.stamp == entry.stamp }
}
