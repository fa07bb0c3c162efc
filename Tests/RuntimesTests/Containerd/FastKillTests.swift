import Foundation
import Glibc
import ImageModel
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// The program, killed at any point of a pull.
  ///
  /// PREPULL_KILL_COUNT says how often (5), PREPULL_KILL_SEED where (else anywhere, in CI always the same).
  @Suite(.timeLimit(.minutes(30))) struct FastKillTests {
    /// What a run that was killed had of an image.
    private struct Had {
      /// Bytes of a layer that need not come again.
      var bytes: [Digest: Int64] = [:]

      init(of image: SampleImage, in lab: FastLab) async throws {
        let stored = try await lab.containerd.ctr("content", "list", "-q")
        let runs = try lab.staging().flatMap { PartialBlobs.find(in: FilePath(lab.staging($0))) }
        for layer in image.variants[0].layers.map(\.descriptor) {
          let isLinked = lab.hasBlob(layer.digest)
          let left = runs.first { $0.content.digest == layer.digest }?.bytes ?? 0
          bytes[layer.digest] = stored.contains("\(layer.digest)") || isLinked ? layer.size : left
        }
      }
    }

    @Test("The next pull fetches only what the killed one had not, and nothing half-made is seen")
    func anywhere() async throws {
      let environment = ProcessInfo.processInfo.environment
      let count = environment["PREPULL_KILL_COUNT"].flatMap { Int($0) } ?? 5
      let other = environment["CI"] == nil ? UInt64.random(in: 1...1_000_000_000) : 13
      let seed = environment["PREPULL_KILL_SEED"].flatMap { UInt64($0) } ?? other
      print("killed pulls: \(count) from PREPULL_KILL_SEED=\(seed)")
      var random = SplitMix64(state: seed)
      let image = try SampleImage(layers: [20_000_000, 9_000_000, 2_000_000], gzip: true)
      let size = image.variants[0].layers.reduce(0) { $0 + $1.bytes.count }
      for number in 1...count {
        let goal = Int64.random(in: 0...Int64(Double(size) * 0.95), using: &random)
        try await FastLab.run { lab in
          try await Self.kill(image, at: goal, in: lab, "PREPULL_KILL_SEED=\(seed), number \(number), at \(goal) bytes")
        }
      }
    }

    private static func kill(_ image: SampleImage, at goal: Int64, in lab: FastLab, _ shown: String) async throws {
      let reference = lab.registry.add(image)
      lab.registry.limit(reader: nil, registry: 20_000_000)
      let arguments = ["pull", "--fast", "always", "--runtime", lab.containerd.endpoint, reference.description]
      let killed = try await PrepullProgram.run(
        arguments, signal: SIGKILL,
        when: {
          let runs = (try? lab.staging()) ?? []
          let staged = runs.flatMap { PartialBlobs.find(in: FilePath(lab.staging($0))) }
          // Of a blob that is in the store too, a name stays here for a moment.
          return !runs.isEmpty
            && staged.filter { !lab.hasBlob($0.content.digest) }.reduce(0) { $0 + $1.bytes }
              + lab.storedBytes(of: image) >= goal
        })
      #expect(killed.exitCode == 128 + SIGKILL, "\(shown): \(killed.errors)")
      let had = try await Had(of: image, in: lab)
      try await RuntimeUnderTest.connect(lab.containerd.endpoint) { runtime in
        let held = try await runtime.list()
        #expect(held.isEmpty, "\(shown)")
      }
      lab.registry.clearRequests()
      let second = try await PrepullProgram.run(arguments)
      #expect(second.exitCode == 0, "\(shown): \(second.errors)")
      for layer in image.variants[0].layers {
        let asked = lab.bytesAsked(of: layer)
        let missing = layer.bytes.count - Int(had.bytes[layer.descriptor.digest] ?? 0)
        #expect(asked.runtimes == 0 && asked.ours == missing, "\(shown): \(asked) instead of \(missing)")
      }
      #expect(try lab.staging() == [], "\(shown)")
      #expect(try await lab.leases() == [], "\(shown)")
      #expect(try lab.containerd.ingests() == [], "\(shown)")
      try await lab.containerd.collectGarbage()
      let snapshots = try await lab.containerd.ctr("snapshots", "list").split(separator: "\n").dropFirst()
      #expect(snapshots.count == 3 && snapshots.allSatisfy { $0.contains("Committed") })
      let files = try await lab.files()
      try await FastLab.run { other in
        try await other.pull(other.registry.add(image), .off)
        #expect(try await other.files() == files, "\(shown)")
      }
    }
  }
}

extension FastLab {
  fileprivate func hasBlob(_ digest: Digest) -> Bool {
    FileManager.default.fileExists(atPath: content + "/blobs/sha256/\(digest.encoded)")
  }

  /// Bytes of layers in the content store.
  fileprivate func storedBytes(of image: SampleImage) -> Int64 {
    image.variants[0].layers.map(\.descriptor).filter { hasBlob($0.digest) }.reduce(0) { $0 + $1.size }
  }
}
