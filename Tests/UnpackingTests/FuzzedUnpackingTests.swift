import Foundation
import TestKit
import Testing
import VirtualCluster

@testable import Unpacking

/// Random layers: what we make of them is what containerd makes of them.
///
/// PREPULL_FUZZ_COUNT says how many (50), PREPULL_FUZZ_SEED which come first (else anything, in CI always the same),
/// PREPULL_FUZZ_RELEASE which containerd is asked (else the system's). With 500 from 5000, on 2026-11-30: of 1.6, 1.7 and 2.1 each 282 were taken with
/// every file the same, and 218 refused by both.
@Suite(.timeLimit(.minutes(60))) struct FuzzedUnpackingTests {
  @Test("Random layers, file by file") func randomLayers() async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["PREPULL_FUZZ_COUNT"].flatMap { UInt64($0) } ?? 50
    // In CI the same each time: whether a change lands is no matter of chance.
    let other = environment["CI"] == nil ? UInt64.random(in: 1...1_000_000_000) : 5000
    let first = environment["PREPULL_FUZZ_SEED"].flatMap { UInt64($0) } ?? other
    let wanted = environment["PREPULL_FUZZ_RELEASE"] ?? ContainerdRelease.system.description
    let release = try #require(ContainerdRelease.all.first { $0.description == wanted }, "\(wanted) is not installed")
    print("random layers: \(count) images from PREPULL_FUZZ_SEED=\(first), \(release)")
    try await withContainerd(ContainerdOptions(release: release)) { containerd in
      try await withEmbeddedRegistry { registry in
        let theirs = ContainerdUnpacker(containerd: containerd, registry: registry)
        var taken = 0
        for seed in first..<first + count {
          let image = RandomImage(seed: seed)
          let isTaken = await EqualUnpackingTests.compare(
            image.layers, "random-\(seed)", "PREPULL_FUZZ_SEED=\(seed)", theirs)
          taken += isTaken ? 1 : 0
        }
        print("random layers: \(taken) of \(count) were taken, the others refused by both")
        // Else it would compare refusals only.
        #expect(taken * 4 > Int(count))
      }
    }
  }
}
