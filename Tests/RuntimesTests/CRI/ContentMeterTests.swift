import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite(.timeLimit(.minutes(10))) struct ContentMeterTests {
  private static func blob(_ number: UInt8, size: Int64) -> Descriptor {
    Descriptor(
      mediaType: MediaType.ociLayerGzip, digest: Digest(bytes: Array(repeating: number, count: 32)), size: size)
  }

  private let one = blob(1, size: 100)
  private let two = blob(2, size: 50)
  private let foreign = blob(9, size: 1000)

  private func progress(_ bytes: Int64, _ phase: PullProgress.Phase = .downloading) -> PullProgress {
    PullProgress(phase: phase, completedBytes: bytes, totalBytes: 150)
  }

  @Test func countsWhatIsWrittenAndWhatIsThere() {
    var meter = ContentMeter([one, two])
    #expect(meter.progress == progress(0))
    #expect(meter.observe(writing: [one.digest: 30]).isEmpty)
    #expect(meter.progress == progress(30))
    #expect(meter.unaccounted == [two.digest])
    #expect(meter.isWriting)
    meter.found(two.digest)
    #expect(meter.progress == progress(80))
    #expect(meter.observe(writing: [:]) == [one.digest])
    #expect(!meter.isWriting)
    #expect(meter.progress == progress(80))
    meter.found(one.digest)
    #expect(meter.progress == progress(150, .unpacking))
    #expect(meter.unaccounted.isEmpty)
  }

  @Test func leavesOtherImagesOut() {
    var meter = ContentMeter([one, two])
    _ = meter.observe(writing: [foreign.digest: 500])
    meter.found(foreign.digest)
    #expect(meter.progress == progress(0))
    #expect(!meter.isWriting)
  }

  @Test func countsALayerThatComesTwiceOnce() {
    var meter = ContentMeter([one, two, one])
    meter.found(one.digest)
    meter.found(two.digest)
    #expect(meter.progress == progress(150, .unpacking))
  }

  @Test func neverGoesBack() {
    var meter = ContentMeter([one, two])
    _ = meter.observe(writing: [one.digest: 60])
    // Given up, and begun again.
    #expect(meter.observe(writing: [:]) == [one.digest])
    #expect(meter.progress == progress(60))
    _ = meter.observe(writing: [one.digest: 5])
    #expect(meter.progress == progress(60))
    _ = meter.observe(writing: [one.digest: 70])
    #expect(meter.progress == progress(70))
  }

  @Test(arguments: 0..<50) func holdsForAnySequence(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let blobs = (1...6).map { Self.blob($0, size: Int64.random(in: 0...100, using: &random)) }
    let total = blobs.reduce(0) { $0 + $1.size }
    var meter = ContentMeter(blobs)
    var last = meter.progress
    for _ in 0..<200 {
      if Bool.random(using: &random) {
        let writing = blobs.filter { _ in Bool.random(using: &random) }
          .map { ($0.digest, Int64.random(in: 0...200, using: &random)) }
        _ = meter.observe(writing: Dictionary(writing, uniquingKeysWith: max))
      } else if Int.random(in: 0..<10, using: &random) == 0 {
        meter.found(blobs[Int.random(in: 0..<blobs.count, using: &random)].digest)
      }
      let next = meter.progress
      #expect(next.completedBytes >= last.completedBytes && next.completedBytes <= total, "seed \(seed)")
      #expect(next.phase >= last.phase && next.totalBytes == total, "seed \(seed)")
      last = next
    }
  }
}
