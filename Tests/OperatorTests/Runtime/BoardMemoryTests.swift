import Foundation
import Testing

/// Nothing that the operator remembers grows with what has been.
@Suite("The operator's memory", .timeLimit(.minutes(10)))
struct BoardMemoryTests {
  @Test(
    "100,000 tags over 20 nodes that come and go leave no more behind than 10,000",
    .enabled(
      if: ProcessInfo.processInfo.environment["PREPULL_MEMORY_TEST"] == "1",
      "it takes minutes: set PREPULL_MEMORY_TEST=1"))
  func tags() {
    var world = BoardWorld()
    let groups = 10
    for number in 0..<20 { world.addNode(Self.node(number), group: "\(number % groups)") }
    var weights: [Int] = []
    var reports: [String] = []
    let perRound = 20
    for round in 0..<100_000 / perRound {
      let group = round % groups
      let images = (0..<perRound).map { "registry.example/app:v\(1_000_000 + round * perRound + $0)" }
      world.want("web-\(group)", images, group: "\(group)", gate: "example.com/cold")
      // One machine is replaced by another, whose gate is to be opened.
      world.removeNode(Self.node(round))
      world.addNode(Self.node(round + 20), group: "\(round % groups)", taint: "example.com/cold")
      world.run(for: 12)
      if (round + 1) * perRound % 10_000 == 0 {
        weights.append(world.weight)
        reports.append(world.report)
      }
    }
    #expect(world.pulls >= 190_000)
    let (first, last) = (weights.first ?? 0, weights.last ?? 0)
    #expect(first > 1000)
    #expect(
      last <= first + first / 20,
      "\(weights)\nafter 10,000:\n\(reports.first ?? "")\nafter 100,000:\n\(reports.last ?? "")")
  }

  private static func node(_ number: Int) -> String {
    let digits = String(number)
    return "node-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
  }
}
