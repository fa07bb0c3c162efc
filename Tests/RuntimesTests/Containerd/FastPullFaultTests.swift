import Foundation
import ImageModel
import Networking
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Registries, disks and daemons in trouble.
  @Suite(.timeLimit(.minutes(10))) struct FastPullFaultTests {
    private struct Trouble: Sendable, CustomTestStringConvertible {
      let name: String
      let fault: RegistryFault
      var times = Int.max
      var testDescription: String { name }
    }

    private static let retry = RetryPolicy(attempts: 4, base: .milliseconds(10))

    private static let passing = [
      Trouble(name: "no ranges", fault: .ignoreRange),
      Trouble(name: "another range", fault: .headers(["Content-Range": "bytes 5-6/7"])),
      Trouble(name: "no Content-Range", fault: .withoutHeader("Content-Range")),
      Trouble(name: "stalls", fault: .stall(after: 400_000), times: 3),
      Trouble(name: "cuts", fault: .truncate(after: 400_000), times: 5),
      Trouble(name: "503", fault: .status(503), times: 2),
    ]

    @Test(arguments: passing) private func pullsInSpiteOf(_ trouble: Trouble) async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [6_000_000, 3_000_000], gzip: true)
        lab.registry.inject(trouble.fault, times: trouble.times) { request in
          image.variants[0].layers.contains { request.path.hasSuffix($0.descriptor.digest.description) }
        }
        try await lab.pull(lab.registry.add(image), retry: Self.retry, idle: .seconds(2))
        #expect(try await lab.files().count == 2)
        #expect(try lab.staging() == [])
      }
    }

    /// Nothing of what was wrong is left, and nothing is known of the image.
    @Test(arguments: [FastPulls.always, .auto]) func refusesWrongBytes(_ fast: FastPulls) async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [6_000_000, 3_000_000], gzip: true)
        let wrong = image.variants[0].layers[0].descriptor.digest
        lab.registry.inject(.corrupt) { $0.path.hasSuffix(wrong.description) }
        let reference = lab.registry.add(image)
        let error = await #expect(throws: (any Error).self) { try await lab.pull(reference, fast) }
        let code = (error as? RegistryError)?.code
        #expect(code == .digestMismatch, "\(error.map { "\($0)" } ?? "")")
        #expect("\(error.map { "\($0)" } ?? "")".contains(wrong.description))
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
        let ingests = try lab.containerd.ingests()
        #expect(ingests == [])
        try await lab.connect(.off) { runtime, _ in
          let held = try await runtime.image(reference)
          #expect(held == nil)
        }
        try await lab.containerd.collectGarbage()
        #expect(try await lab.containerd.ctr("content", "list", "-q").isEmpty)
        #expect(try await lab.files().isEmpty)
      }
    }

    /// The store behind a registry takes an address for a while only.
    @Test func asksAgainForAnAddressThatExpired() async throws {
      try await FastLab.run { lab in
        try await withEmbeddedRegistry { store in
          let image = try SampleImage(layers: [6_000_000], gzip: true)
          let layer = image.variants[0].layers[0]
          store.add(image)
          let given = Mutex(0)
          let used = Mutex([String: Int]())
          for number in 1...20 {
            lab.registry.inject(
              .redirect(to: "http://\(store.host)/v2/test/image/blobs/\(layer.descriptor.digest)?sig=\(number)"),
              times: 1
            ) { request in
              guard request.path.hasSuffix(layer.descriptor.digest.description) else { return false }
              given.withLock { $0 += 1 }
              return true
            }
          }
          store.inject(.status(403)) { request in
            used.withLock { used in
              used[request.query, default: 0] += 1
              return (used[request.query] ?? 0) > 2
            }
          }
          try await lab.pull(lab.registry.add(image), retry: Self.retry)
          #expect(given.withLock { $0 } > 1)
          #expect(used.withLock { $0.values.contains { $0 > 1 } }, "an address was used for more than one range")
          #expect(try await lab.files().count == 1)
        }
      }
    }

    /// At the first step, which makes room for a blob, and at a later one.
    @Test(arguments: [30_000_000, 80_000_000]) func theDiskIsFull(_ size: Int) async throws {
      try await FastLab.run(ContainerdOptions(diskSize: size)) { lab in
        let image = try SampleImage(layers: [40_000_000, 8_000_000], gzip: true)
        let reference = lab.registry.add(image)
        let error = await #expect(throws: RuntimeError.self) { try await lab.pull(reference, .auto) }
        #expect(error?.code == .noSpace, "\(error?.description ?? "")")
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
      }
    }

    @Test(arguments: ContainerdRelease.all) func containerdIsRestarted(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(layers: Array(repeating: 4_000_000, count: 4), gzip: true)
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 6_000_000)
        try await lab.connect(retry: Self.retry) { runtime, _ in
          let log = ProgressLog()
          let order = try image.order(reference)
          let pull = Task { try await runtime.pull(order, progress: log.report) }
          try await log.waitForLayer(of: order)
          try await lab.containerd.restarted { _ in
            // It may have seen nothing of it; or it fails in a way that is tried again.
            do {
              _ = try await pull.value
            } catch let error as RuntimeError {
              #expect(error.isRetryable, "\(error)")
              _ = try await runtime.pull(order, progress: { _ in })
            }
            #expect(try await runtime.image(reference)?.digests == [image.root.descriptor.digest])
            #expect(try await lab.files().count == 4)
          }
        }
      }
    }

    @Test func cancellingCleansUp() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [6_000_000, 3_000_000], gzip: true)
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 2_000_000)
        try await lab.connect { runtime, _ in
          let log = ProgressLog()
          let order = try image.order(reference)
          let pull = Task { try await runtime.pull(order, progress: log.report) }
          try await log.waitForLayer(of: order)
          pull.cancel()
          await #expect(throws: CancellationError.self) { try await pull.value }
          #expect(try await lab.leases() == [])
          let ingests = try lab.containerd.ingests()
          #expect(ingests == [])
          let left = try lab.staging().flatMap { try FileManager.default.contentsOfDirectory(atPath: lab.staging($0)) }
          #expect(left == ["lock"])
        }
        #expect(try lab.staging() == [])
      }
    }
  }
}
