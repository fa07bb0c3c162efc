import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Whether somebody else pulls at a real containerd, and how fast pulls are slowed down.
  @Suite(.timeLimit(.minutes(10))) struct OthersPullTests {
    @Test(arguments: ContainerdRelease.all) func seesPullsOfOthers(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        lab.registry.limit(reader: nil, registry: 500_000)
        for (seed, fast) in [FastPulls.off, .always].enumerated() {
          let image = try SampleImage(seed: UInt64(seed), layers: [6_000_000], gzip: true)
          let reference = lab.registry.add(image, to: "test/\(fast)")
          try await lab.connect(fast) { puller, _ in
            let log = ProgressLog()
            let pull = Task { try await puller.pull(image.order(reference), progress: log.report) }
            try await log.waitForLayer(of: image.order(reference))
            try await lab.connect(.auto) { other, _ in
              if fast == .off {
                try await eventually("the pull to be seen") { try await other.othersPull() }
              } else {
                #expect(try await !other.othersPull(), "a fast pull is no kubelet's")
              }
            }
            #expect(try await !puller.othersPull(), "one's own is none of others")
            pull.cancel()
            _ = try? await pull.value
          }
        }
      }
    }

    /// Every byte that comes and every byte that is unpacked is paid for. The clock moves only where somebody waits.
    @Test func fastPullsKeepTheLimit() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [4_000_000, 2_000_000], gzip: true)
        let reference = lab.registry.add(image)
        let time = ManualClock()
        let pacer = PullPacer(bytesPerSecond: 1_000_000, clock: time.clock)
        try await lab.connect(pacer: pacer) { runtime, _ in
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
        }
        let bytes = image.variants[0].layers.reduce(0) { $0 + $1.bytes.count }
        let passed = time.sleeps.reduce(Duration.zero, +) / .seconds(1)
        let least = Double(bytes) * 3.5 / 1_000_000
        // The last step, of at most 2.5 MiB, is not waited for.
        #expect((least - 4...least + 1).contains(passed), "\(passed) s for \(least) s")
      }
    }
  }
}
