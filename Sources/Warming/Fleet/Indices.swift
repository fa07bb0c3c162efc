/// Where a node is kept in the machine's tables; the place of a node that is gone is given to another.
struct NodeIndex: Hashable, Comparable, Sendable {
  let offset: Int

  static func < (one: Self, other: Self) -> Bool { one.offset < other.offset }
}

/// Where a Prepull is kept in the machine's tables; the place of one that is gone is given to another.
struct PlanIndex: Hashable, Comparable, Sendable {
  let offset: Int

  static func < (one: Self, other: Self) -> Bool { one.offset < other.offset }
}
