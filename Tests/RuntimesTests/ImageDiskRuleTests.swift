import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(2))) struct ImageDiskRuleTests {
  @Test(arguments: [(0, 80, true), (0, 81, false), (79, 1, true), (80, 1, false), (80, 0, true), (95, 0, false)])
  func aPullStaysFivePercentBelowTheThreshold(_ used: Int64, _ wanted: Int64, _ may: Bool) {
    #expect(ImageDiskRule().mayPull(wanted, used: used, capacity: 100) == may)
    #expect(ImageDiskRule().mayPull(wanted << 40, used: used << 40, capacity: 100 << 40) == may)
  }

  @Test(arguments: [
    (85, 80, true), (85, 81, false), (70, 65, true), (70, 66, false), (100, 95, true), (100, 96, false),
  ])
  func pinsStayBelowIt(_ threshold: Int, _ used: Int64, _ may: Bool) {
    #expect(ImageDiskRule(highThresholdPercent: threshold).mayPin(used: used, capacity: 100) == may)
  }

  @Test func noNumberIsTooLarge() {
    #expect(!ImageDiskRule().mayPull(.max, used: .max, capacity: .max))
    #expect(!ImageDiskRule().mayPull(ImageDiskRule.wanted(compressed: .max), used: 0, capacity: .max))
    #expect(!ImageDiskRule(highThresholdPercent: 0).mayPull(1, used: 0, capacity: 100))
  }

  @Test func anImageTakesItsLayersAndWhatTheyUnpackTo() {
    #expect(ImageDiskRule.wanted(compressed: 1000) == 3500)
    #expect(ImageDiskRule.wanted(compressed: 1000, unpacked: 1100) == 2100)
  }

  @Test func whatCannotBeSeenIsNotJudged() {
    let unseen = ImageFileSystem(path: "/x", usedBytes: 5, availableBytes: nil, capacityBytes: nil)
    #expect(ImageDiskRule().mayPull(1, on: unseen) == nil)
    #expect(ImageDiskRule().mayPin(on: unseen) == nil)
    // Whatever is there counts, not images alone.
    let full = ImageFileSystem(path: "/x", usedBytes: 5, availableBytes: 10, capacityBytes: 100)
    #expect(ImageDiskRule().mayPin(on: full) == false)
  }
}
