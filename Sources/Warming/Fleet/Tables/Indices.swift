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

/// The number of a value in `ImageTable`. Numbers of one kind cannot be taken for those of another.
struct TableNumber<Kind>: Hashable, Comparable, Sendable {
  let value: Int32

  static func < (one: Self, other: Self) -> Bool { one.value < other.value }
}

/// What numbers stand for; there are no values of these types.
enum NumberKind {
  enum Image {}
  enum Digest {}
  enum Access {}
  enum Owner {}
  enum Registry {}
  enum RegistrySet {}
}

/// Of a reference.
typealias ImageNumber = TableNumber<NumberKind.Image>
typealias DigestNumber = TableNumber<NumberKind.Digest>
/// Of pull secrets.
typealias AccessNumber = TableNumber<NumberKind.Access>
/// Of the key of a Prepull.
typealias OwnerNumber = TableNumber<NumberKind.Owner>
typealias RegistryNumber = TableNumber<NumberKind.Registry>
/// Of registries that one pod pulls from.
typealias RegistrySetNumber = TableNumber<NumberKind.RegistrySet>
