import Foundation
import Glibc
import ImageModel
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// The program as a user runs it, killed and interrupted.
  @Suite(.timeLimit(.minutes(10))) struct FastProgramTests {
    private static func arguments(_ lab: FastLab, _ reference: Reference) -> [String] {
      ["pull", "--fast", "always", "--runtime", lab.containerd.endpoint, reference.description]
    }

    /// How far a pull is when it is killed.
    enum Moment: String, CaseIterable {
      case blobBegun, someBlobs, unpacking, firstSnapshot, manySnapshots

      func isDue(_ lab: FastLab) -> Bool {
        func names(_ path: String) -> [String] {
          (try? FileManager.default.contentsOfDirectory(atPath: lab.containerd.folder(path))) ?? []
        }
        let runs = names("root/prepull-staging").filter { $0.hasPrefix("run-") }
        let staged = runs.flatMap { names("root/prepull-staging/\($0)") }
        let blobs = names("root/io.containerd.content.v1.content/blobs/sha256").count
        let snapshots = names("root/io.containerd.snapshotter.v1.overlayfs/snapshots").count
        return switch self {
        case .blobBegun: lab.blobRequests.count >= 2
        case .someBlobs: blobs >= 2
        case .unpacking: staged.contains { $0.hasSuffix(".fs") && $0 != "test.fs" }
        case .firstSnapshot: snapshots >= 1 && blobs >= 1
        case .manySnapshots: snapshots >= 3
        }
      }
    }

    @Test(arguments: Moment.allCases) func aKilledPullIsGoneOnWith(_ moment: Moment) async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: Array(repeating: 3_000_000, count: 5), gzip: true)
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 8_000_000)
        let killed = try await PrepullProgram.run(
          Self.arguments(lab, reference), signal: SIGKILL, when: { moment.isDue(lab) })
        #expect(killed.exitCode == 128 + SIGKILL, "\(killed.errors)")
        try await RuntimeUnderTest.connect(lab.containerd.endpoint) { runtime in
          let held = try await runtime.list()
          #expect(held.isEmpty)
        }
        let whole = Set(try await lab.containerd.ctr("content", "list", "-q").split(separator: "\n").map(String.init))
        lab.registry.clearRequests()
        let second = try await PrepullProgram.run(Self.arguments(lab, reference))
        #expect(second.exitCode == 0, "\(second.errors)")
        for layer in image.variants[0].layers where whole.contains(layer.descriptor.digest.description) {
          #expect(lab.bytesAsked(of: layer).ours == 0)
        }
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
        try await lab.containerd.collectGarbage()
        #expect(try await lab.files().count == 5)
      }
    }

    @Test func anInterruptCleansUp() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: Array(repeating: 3_000_000, count: 5), gzip: true)
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 8_000_000)
        let stopped = try await PrepullProgram.run(
          Self.arguments(lab, reference), signal: SIGINT, when: { Moment.someBlobs.isDue(lab) })
        #expect(stopped.exitCode == 130, "\(stopped.errors)")
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
        try await lab.containerd.collectGarbage()
        #expect(try await lab.containerd.ctr("content", "list", "-q").isEmpty)
        #expect(try await lab.files().isEmpty)
      }
    }

    /// It is what is done by itself, and nothing is said of it.
    @Test func isWhatIsDoneByItself() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [9_000_000], gzip: true)
        let reference = lab.registry.add(image)
        let run = try await PrepullProgram.run([
          "pull", "--runtime", lab.containerd.endpoint, reference.description,
        ])
        #expect(run.exitCode == 0)
        #expect(!run.errors.contains("note"), "\(run.errors)")
        #expect(lab.bytesAsked(of: image.variants[0].layers[0]).ours == image.variants[0].layers[0].bytes.count)
      }
    }
  }
}
