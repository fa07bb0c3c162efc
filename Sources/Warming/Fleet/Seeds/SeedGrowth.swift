import ImageModel

/// The images that a node waits to pull where a plan has seeds.
struct SeedWishes: Hashable, Sendable {
  struct Image: Hashable, Sendable {
    /// Of the image in its plan.
    let position: Int
    /// Whether it failed on this node before.
    let isAgain: Bool
  }

  let platform: SeedPlatform
  let images: [Image]
}

/// Of the nodes of a plan, by order of appearance: seeds of one platform are none for another.
struct SeedPlatform: Hashable, Sendable {
  let number: Int
}

/// How the images of one plan spread from its seeds.
struct SeedGrowth: Sendable {
  struct Place: Hashable, Sendable {
    let platform: SeedPlatform
    let position: Int
  }

  /// Nodes that pull first, of each platform; none where all may begin at once.
  let seeds: Int
  private var platforms: [Platform] = []
  private var stages: [Place: SeedStage] = [:]

  init(seeds: Int = 0) { self.seeds = max(0, seeds) }

  var isOn: Bool { seeds > 0 }
  var spoiled: [Place] { stages.filter { $0.value.isSpoiled(seeds) }.map(\.key) }

  subscript(place: Place) -> SeedStage { stages[place] ?? SeedStage() }

  /// The first of what a node waits for that it may pull now.
  func first(of wishes: SeedWishes) -> Place? {
    wishes.images.first { admits($0, on: wishes.platform) }.map {
      Place(platform: wishes.platform, position: $0.position)
    }
  }

  func admits(_ image: SeedWishes.Image, on platform: SeedPlatform) -> Bool {
    guard isOn else { return true }
    return self[Place(platform: platform, position: image.position)].admits(seeds, isAgain: image.isAgain)
  }

  mutating func platform(_ platform: Platform) -> SeedPlatform {
    guard isOn else { return SeedPlatform(number: 0) }
    if let known = platforms.firstIndex(of: platform) { return SeedPlatform(number: known) }
    platforms.append(platform)
    return SeedPlatform(number: platforms.count - 1)
  }

  mutating func change(_ node: NodeIndex, at place: Place, from old: SeedRole, to new: SeedRole) {
    guard old != new else { return }
    stages[place, default: SeedStage()].change(node, from: old, to: new)
    if stages[place]?.isEmpty == true { stages[place] = nil }
  }
}

/// By which a node becomes a seed before others.
struct SeedRank: Comparable, Sendable {
  /// It is not ready, or cordoned.
  let isPoor: Bool
  /// Seeds that its zone has.
  let seedsInZone: Int
  /// Images that it lists: the emptiest nodes are those that an autoscaler takes away.
  let images: Int
  let madeAt: String
  let name: String

  static func < (one: Self, other: Self) -> Bool {
    (one.isPoor ? 1 : 0, one.seedsInZone, -one.images / 8, one.madeAt, one.name)
      < (other.isPoor ? 1 : 0, other.seedsInZone, -other.images / 8, other.madeAt, other.name)
  }
}
