import ImageModel
import Testing

@testable import Warming

@Suite("How an image spreads from its seeds", .timeLimit(.minutes(1))) struct SeedStageTests {
  private var stage = SeedStage()
  private var roles: [Int: SeedRole] = [:]

  private mutating func set(_ node: Int, _ role: SeedRole) {
    stage.change(NodeIndex(offset: node), from: roles[node] ?? .none, to: role)
    roles[node] = role
  }

  /// Begins nodes until none may begin any more.
  ///
  /// - Returns: how many.
  private mutating func fill(_ seeds: Int) -> Int {
    var count = 0
    while stage.admits(seeds), count < 1000 {
      set(roles.count, .pulling)
      count += 1
    }
    return count
  }

  @Test("First the seeds, then twice as many, four times as many", arguments: [1, 2, 3, 5])
  mutating func growth(seeds: Int) {
    var waves: [Int] = []
    for _ in 0..<5 {
      waves.append(fill(seeds))
      for (node, role) in roles where role == .pulling { set(node, .holder) }
    }
    #expect(waves == [1, 2, 4, 8, 16].map { $0 * seeds })
  }

  @Test("One of several seeds that holds it lets others begin, so that a slow one holds up nobody")
  mutating func slowSeed() {
    #expect(fill(2) == 2)
    set(0, .holder)
    #expect(fill(2) == 2)
  }

  @Test("Who holds it already counts")
  mutating func holders() {
    for node in 0..<10 { set(node, .holder) }
    #expect(fill(1) == 11)
  }

  @Test("A seed that is refused keeps its place; it may try again itself")
  mutating func refused() {
    set(0, .refused)
    #expect(!stage.admits(1))
    #expect(stage.admits(1, isAgain: true))
    #expect(stage.admits(2), "the second seed may still show that only the first one is refused")
    #expect(!stage.isSpoiled(1), "it tries again")
    set(0, .gaveUpFinally)
    #expect(stage.isSpoiled(1))
    #expect(!stage.isSpoiled(2))
    set(1, .holder)
    #expect(!stage.isSpoiled(1))
    #expect(stage.admits(1), "that one node failed says nothing any more")
  }

  @Test("For a seed that stumbles another one tries, and no third")
  mutating func stumbling() {
    set(0, .stumbling)
    #expect(fill(1) == 1)
    set(1, .stumbling)
    #expect(!stage.admits(1))
    set(0, .gaveUp)
    #expect(!stage.isSpoiled(1), "one still tries")
    set(1, .gaveUp)
    #expect(stage.isSpoiled(1))
  }

  @Test("A seed that goes leaves nothing behind")
  mutating func gone() {
    for role in [SeedRole.pulling, .stumbling, .refused, .holder, .gaveUp, .none] {
      set(0, role)
      set(0, .none)
      #expect(stage.isEmpty)
    }
  }

  @Test("Zones with fewer seeds first; then who lists many images, the older, the name")
  func ranks() {
    func rank(_ name: String, poor: Bool = false, zone: Int = 0, images: Int = 40, made: String = "2024") -> SeedRank {
      SeedRank(isPoor: poor, seedsInZone: zone, images: images, madeAt: made, name: name)
    }
    let best = [
      rank("a"), rank("b"), rank("a", made: "2025"), rank("a", images: 3), rank("a", images: 0, made: "2025"),
      rank("a", zone: 1), rank("a", poor: true),
    ]
    #expect(best.reversed().sorted() == best)
  }
}
