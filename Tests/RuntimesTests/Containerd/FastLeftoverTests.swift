import Foundation
import ImageModel
import Registry
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Blobs that a run which was killed had in part.
  @Suite(.timeLimit(.minutes(10))) struct FastLeftoverTests {
    private static let part = 1 << 20

    /// Makes what a dead run would have left of a blob: its parts of these numbers.
    private func leave(
      _ blob: SampleImage.Blob, _ parts: [Int], in lab: FastLab, run: String = "dead",
      _ change: (inout [UInt8]) -> Void = { _ in }
    ) throws -> FilePath {
      let folder = lab.staging("run-\(run)")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: folder + "/lock"))
      let path = FilePath(folder).appending("\(blob.descriptor.digest.encoded)-0")
      var bytes = [UInt8](repeating: 0, count: blob.bytes.count)
      let record = try BlobRecord(of: blob.descriptor, beside: path)
      for number in parts {
        let range = number * Self.part..<min(blob.bytes.count, (number + 1) * Self.part)
        bytes.replaceSubrange(range, with: blob.bytes[range])
        record.add(Int64(range.count), at: Int64(range.lowerBound))
      }
      change(&bytes)
      try Data(bytes).write(to: URL(filePath: path.string))
      return path
    }

    /// - Parameters:
    ///   - more: bytes that are asked for beyond the blob's size.
    ///   - times: how often the whole blob is asked for besides.
    private func pull(
      _ more: Int, times: Int = 0, _ leave: (SampleImage.Blob, FastLab) async throws -> Void
    ) async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [5_000_000, 300_000], gzip: true)
        let blob = image.variants[0].layers[0]
        try await leave(blob, lab)
        try await lab.pull(lab.registry.add(image))
        #expect(lab.bytesAsked(of: blob).ours == more + (1 + times) * blob.bytes.count)
        #expect(lab.bytesAsked(of: blob).runtimes == 0)
        #expect(try await lab.files().count == 2)
        #expect(try lab.staging() == [])
        #expect(try lab.containerd.ingests() == [])
      }
    }

    @Test func areGoneOnWith() async throws {
      try await pull(-3 * Self.part) { _ = try leave($0, [0, 1, 3], in: $1) }
    }

    @Test("Of two runs, that which had more") func theBest() async throws {
      try await pull(-3 * Self.part) { blob, lab in
        _ = try leave(blob, [0, 2], in: lab, run: "a")
        _ = try leave(blob, [0, 1, 2], in: lab, run: "b")
        _ = try leave(blob, [1], in: lab, run: "c")
      }
    }

    @Test("Bytes that are not what they should be are fetched again, all of them") func wrongBytes() async throws {
      try await pull(-3 * Self.part, times: 1) { blob, lab in
        _ = try leave(blob, [0, 1, 3], in: lab) { $0[5] ^= 1 }
      }
    }

    @Test("What the content store has too is not written to") func linked() async throws {
      try await pull(0) { blob, lab in
        let path = try leave(blob, [0, 1, 3], in: lab)
        try FileManager.default.linkItem(atPath: path.string, toPath: lab.containerd.folder("root/other"))
      }
    }

    @Test("Of what nobody wants nothing stays, and what was begun at containerd is taken back")
    func nobodyWantsIt() async throws {
      try await FastLab.run { lab in
        let (dead, wanted) = (try SampleImage(layers: [5_000_000]), try SampleImage(seed: 2, gzip: true))
        let blob = dead.variants[0].layers[0]
        _ = try leave(blob, [0], in: lab)
        try await CRIConnection.with(RuntimeEndpoint(parsing: lab.containerd.endpoint), limits: .test()) { connection in
          let lease = try await ContainerdLease.begin("test", at: connection)
          let store = ContainerdStore(connection: connection, lease: lease, reference: nil)
          for ref in [ContainerdStore.ref(ofLayer: blob.descriptor.digest), "prepull-dead-0-x", "another"] {
            guard case .open(let stream, 0) = try await WriteStream.claim(blob.descriptor, ref: ref, in: store) else {
              Issue.record("the ref \(ref) is not free")
              return
            }
            await stream.end()
          }
          #expect(try lab.containerd.ingests().count == 3)
          try await lab.pull(lab.registry.add(wanted))
          let left = try lab.containerd.ingests()
          #expect(left.count == 1 && left[0].hasSuffix("another"), "\(left)")
          await lease.end()
        }
        #expect(try lab.staging() == [])
      }
    }
  }
}
