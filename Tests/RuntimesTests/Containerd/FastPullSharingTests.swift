import Foundation
import ImageModel
import Registry
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
          let store = ContainerdStore(connection: connection, lease: lease.id, reference: nil)
          guard case .open(let stream, _) = try await WriteStream.claim(blob, ref: "layer-x", in: store) else {
            Issue.record("the ref is not free")
            return
          }
          let hold = Hold(stream)
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
        }
      }
    }
  }
}
