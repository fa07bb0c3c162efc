/// What a node does about an image that spreads from seeds.
enum SeedRole: UInt8, Sendable {
  /// Nothing that counts: it waits, or its own trouble keeps it from pulling.
  case none
  case holder
  case pulling
  /// Its last try failed, for a reason that another node may not meet, and it tries again or will.
  case stumbling
  /// The same, for a reason that every node is likely to meet.
  case refused
  /// The same two, with no try to come.
  case gaveUp
  case gaveUpFinally

  var isFinal: Bool { self == .refused || self == .gaveUpFinally }
  var isOver: Bool { self == .gaveUp || self == .gaveUpFinally }
}

/// How far one image has spread over the nodes of one platform.
///
/// With `seeds` nodes to go first and H nodes that hold the image, at most H + `seeds` pull it at a time: first the seeds,
/// then twice as many, four times as many. So nothing has to be remembered but what nodes hold.
struct SeedStage: Sendable {
  /// Nodes that hold it.
  private(set) var holders = 0
  private(set) var pulling: Set<NodeIndex> = []
  private(set) var failing: [NodeIndex: SeedRole] = [:]

  var isEmpty: Bool { holders == 0 && pulling.isEmpty && failing.isEmpty }
  /// Nodes that have to do with it although nobody holds it.
  var members: [NodeIndex] { pulling.sorted() + failing.keys.sorted() }

  /// Whether one more node may pull it.
  ///
  /// While nobody holds it, a failure that every node is likely to meet keeps the place of its seed; for another one a
  /// second seed tries, as the first one's own network may be at fault.
  ///
  /// - Parameter isAgain: the node is one of those that failed, and has its place.
  func admits(_ seeds: Int, isAgain: Bool = false) -> Bool {
    if holders > 0 { return pulling.count < holders + seeds }
    if isAgain { return pulling.count < seeds }
    let refused = failing.values.count(where: \.isFinal)
    return pulling.count + refused < seeds && pulling.count + failing.count < 2 * seeds
  }

  /// Whether nobody will get it: all places are those of nodes that gave up.
  func isSpoiled(_ seeds: Int) -> Bool {
    holders == 0 && pulling.isEmpty && failing.values.allSatisfy(\.isOver) && !admits(seeds)
  }

  mutating func change(_ node: NodeIndex, from old: SeedRole, to new: SeedRole) {
    switch old {
    case .none: break
    case .holder: holders -= 1
    case .pulling: pulling.remove(node)
    case .stumbling, .refused, .gaveUp, .gaveUpFinally: failing[node] = nil
    }
    switch new {
    case .none: break
    case .holder: holders += 1
    case .pulling: pulling.insert(node)
    case .stumbling, .refused, .gaveUp, .gaveUpFinally: failing[node] = new
    }
  }
}
