import Foundation
import ImageModel
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Several that pull the same image at once.
  @Suite(.timeLimit(.minutes(10))) struct FastPullSharingTests {
    private func image() throws -> SampleImage {
      try SampleImage(layers: Array(repeating: 3_000_000, count: 6), gzip: true)
    }

    /// No layer comes twice, whoever brings it.
    private func expectOnce(_ image: SampleImage, _ lab: FastLab) {
      for layer in image.variants[0].layers {
        let asked = lab.bytesAsked(of: layer)
        #expect(asked.ours + asked.runtimes == layer.bytes.count, "\(asked)")
      }
    }

    @Test(arguments: ContainerdRelease.all, [true, false])
    func aKubeletPullsTheSame(_ release: ContainerdRelease, _ isKubeletFirst: Bool) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try image()
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 10_000_000)
        let firstHasBegun: @Sendable () -> Bool = { !lab.blobRequests.filter { $0.path.contains("sha256") }.isEmpty }
        let pulls: [FastPulls] = isKubeletFirst ? [.off, .always] : [.always, .off]
        try await withThrowingTaskGroup(of: RuntimeImage.self) { group in
          for fast in pulls {
            group.addTask { try await lab.pull(reference, fast) }
            try await eventually("a layer to come") { firstHasBegun() }
          }
          for try await held in group { #expect(held.digests == [image.root.descriptor.digest]) }
        }
        expectOnce(image, lab)
        try await lab.containerd.collectGarbage()
        #expect(try await lab.files().count == 6)
        #expect(try lab.staging() == [])
      }
    }

    @Test(arguments: [true, false]) func twoOfOurs(_ isOneProgram: Bool) async throws {
      try await FastLab.run { lab in
        let image = try image()
        let references = [lab.registry.add(image, to: "test/a"), lab.registry.add(image, to: "test/b")]
        lab.registry.limit(reader: nil, registry: 20_000_000)
        if isOneProgram {
          try await lab.connect { runtime, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
              for reference in references {
                group.addTask { _ = try await runtime.pull(image.order(reference), progress: { _ in }) }
              }
              try await group.waitForAll()
            }
          }
        } else {
          try await withThrowingTaskGroup(of: Void.self) { group in
            for reference in references { group.addTask { _ = try await lab.pull(reference) } }
            try await group.waitForAll()
          }
        }
        expectOnce(image, lab)
        try await lab.containerd.collectGarbage()
        #expect(try await lab.files().count == 6)
        #expect(try lab.staging() == [])
      }
    }

    /// A ref that somebody holds without bringing anything does not keep a pull for ever: another run was killed with
    /// its ref open, and the runtime has not noticed.
    @Test func aHoldIsGivenUpWhereNothingComes() async throws {
      try await FastLab.run { lab in
        let blob = Descriptor(mediaType: "", digest: DigestVerifier.descriptor(of: [1]).digest, size: 1)
        try await CRIConnection.with(RuntimeEndpoint(parsing: lab.containerd.endpoint), limits: .test()) { connection in
          let lease = try await ContainerdLease.begin("test", at: connection)
          let store = ContainerdStore(connection: connection, lease: lease, reference: nil)
          guard case .open(let stream, _) = try await WriteStream.claim(blob, ref: "layer-x", in: store) else {
            Issue.record("the ref is not free")
            return
          }
          let hold = Hold(stream, of: "layer-x", in: store)
          guard case .busy = try await WriteStream.claim(blob, ref: "layer-x", in: store) else {
            Issue.record("the ref is not held")
            return
          }
          await hold.watch(patience: .milliseconds(200))
          #expect(!hold.isHeld)
          guard case .open(let other, _) = try await WriteStream.claim(blob, ref: "layer-x", in: store) else {
            Issue.record("the ref is not free again")
            return
          }
          await other.end()
          await lease.end()
        }
      }
    }

    /// Nothing comes to us any more; the kubelet does not wait for us for ever.
    @Test func aKubeletGoesOnWhereNothingComesToUs() async throws {
      try await FastLab.run { lab in
        let image = try image()
        let reference = lab.registry.add(image)
        let stuck = image.variants[0].layers[2]
        lab.registry.inject(.stall(after: 100_000)) { request in
          request.path.hasSuffix(stuck.descriptor.digest.description)
            && request.headers["user-agent"]?.hasPrefix("containerd") != true
        }
        let ours = Task { try await lab.pull(reference, idle: .seconds(3600), patience: .seconds(1)) }
        try await eventually("the layer to be asked for") { lab.bytesAsked(of: stuck).ours > 0 }
        try await lab.pull(reference, .off)
        #expect(lab.bytesAsked(of: stuck).runtimes == stuck.bytes.count)
        ours.cancel()
        // It may have been given up as too slow by then.
        await #expect(throws: (any Error).self) { try await ours.value }
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
      }
    }

    /// containerd collects garbage all the time, and the first lease is long over before the pull is.
    @Test(arguments: ContainerdRelease.all) func aLongPullKeepsWhatItBrought(_ release: ContainerdRelease) async throws
    {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(layers: Array(repeating: 1_500_000, count: 10), gzip: true)
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 1_300_000)
        let isOver = Mutex(false)
        let collector = Task {
          while !isOver.withLock({ $0 }) {
            try await lab.containerd.collectGarbage()
            try await Task.sleep(for: .milliseconds(200))
          }
        }
        let held = try await lab.pull(reference, leaseTime: .seconds(3))
        isOver.withLock { $0 = true }
        try await collector.value
        #expect(held.digests == [image.root.descriptor.digest])
        expectOnce(image, lab)
        try await lab.containerd.collectGarbage()
        #expect(try await lab.files().count == 10)
        #expect(try await lab.leases() == [])
      }
    }
  }
}
