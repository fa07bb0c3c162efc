import Documents
import Foundation
import ImageModel
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: removal", .timeLimit(.minutes(10)))
struct OCILayoutRemovalTests {
  private func age(_ path: String, hours: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -hours * 3600)], ofItemAtPath: path)
  }

  private func blobNames(_ lab: LayoutLab) throws -> Set<String> {
    Set(try lab.layout.storedDigests().map(\.encoded))
  }

  @Test func takesWhatNothingElseNeeds() async throws {
    try await withLayoutLab { lab in
      let small = try SampleImage(layers: [3000], indexed: true)
      let big = try SampleImage(layers: [3000, 9000], indexed: true)
      let references = [lab.registry.add(small, tag: "small"), lab.registry.add(big, tag: "big")]
      for reference in references { _ = try await lab.runtime().pull(lab.order(reference)) { _ in } }
      let runtime = lab.runtime()
      #expect(try await runtime.remove(references[1]))
      #expect(try await runtime.image(references[1]) == nil)
      #expect(try await runtime.image(references[0]) != nil)
      #expect(try blobNames(lab) == Set((small.blobs + small.manifests).map(\.descriptor.digest.encoded)))
      #expect(try await !runtime.remove(references[1]))
      #expect(try await runtime.remove(references[0]))
      #expect(try blobNames(lab) == [])
      #expect(try await runtime.space().usedBytes == 0)
    }
  }

  @Test func aSecondReferenceKeepsTheImage() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage()
      let references = [lab.registry.add(image, tag: "a"), lab.registry.add(image, tag: "b")]
      for reference in references { _ = try await lab.runtime().pull(lab.order(reference)) { _ in } }
      #expect(try await lab.runtime().remove(references[0]))
      #expect(try await lab.runtime().image(references[1]) != nil)
    }
  }

  @Test func nothingIsThereToRemove() async throws {
    try await withLayoutLab { lab in
      let reference = lab.registry.add(try SampleImage())
      #expect(try await !lab.runtime().remove(reference))
      #expect(!FileManager.default.fileExists(atPath: lab.path))
    }
  }

  @Test func leavesFreshBlobsOfOthersAlone() async throws {
    try await withLayoutLab { lab in
      let reference = lab.registry.add(try SampleImage())
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      let fresh = lab.layout.blob(try Digest(parsing: "sha256:" + String(repeating: "a", count: 64)))
      let old = lab.layout.blob(try Digest(parsing: "sha256:" + String(repeating: "b", count: 64)))
      for path in [fresh, old] { try Data("x".utf8).write(to: URL(filePath: "\(path)")) }
      try age("\(old)", hours: 25)
      #expect(try await lab.runtime().remove(reference))
      #expect(try blobNames(lab) == [String(repeating: "a", count: 64)])
    }
  }

  @Test func followsForeignDocuments() async throws {
    try await withLayoutLab { lab in
      let reference = lab.registry.add(try SampleImage())
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      // An artifact that we know nothing about, which names a blob in a field of its own.
      let leaf = SampleImage.Blob(Array("leaf".utf8), mediaType: "text/plain")
      let artifact = SampleImage.Blob(
        Array(#"{"things":[{"digest":"\#(leaf.descriptor.digest)"}]}"#.utf8), mediaType: "application/odd+json")
      for blob in [leaf, artifact] {
        let path = "\(lab.layout.blob(blob.descriptor.digest))"
        try Data(blob.bytes).write(to: URL(filePath: path))
        try age(path, hours: 100)
      }
      var index = try lab.index()
      index["manifests"] = .array(
        (index["manifests"]?.array ?? []) + [.object(["digest": .string("\(artifact.descriptor.digest)")])])
      try JSONEncoder().encode(index).write(to: URL(filePath: lab.path + "/index.json"))
      #expect(try await lab.runtime().remove(reference))
      #expect(try blobNames(lab) == [leaf.descriptor.digest.encoded, artifact.descriptor.digest.encoded])
    }
  }

  @Test func leavesARunningPullItsBlobs() async throws {
    try await withLayoutLab { lab in
      let small = try SampleImage(layers: [3000])
      let big = try SampleImage(layers: [3000, 500_000])
      let (first, second) = (lab.registry.add(small, tag: "small"), lab.registry.add(big, tag: "big"))
      _ = try await lab.runtime().pull(lab.order(first)) { _ in }
      let shared = small.variants[0].layers[0].descriptor
      // The pull found the shared layer there and is busy with the other one when the first image goes.
      let last = big.variants[0].layers[1].descriptor
      lab.inject(.truncate(after: 100), into: last, times: 1)
      lab.inject(.stall(after: 100), into: last, times: 1)
      let pull = Task { try await lab.runtime().pull(lab.order(second)) { _ in } }
      try await eventually { lab.offsets(of: last).count == 2 }
      #expect(lab.leases.count == 1)
      #expect(try await lab.runtime().remove(first))
      #expect(lab.blob(shared) != nil)
      #expect(lab.blob(small.root.descriptor) == nil)
      pull.cancel()
      await #expect(throws: CancellationError.self) { try await pull.value }

      _ = try await lab.runtime().pull(lab.order(second)) { _ in }
      #expect(lab.offsets(of: shared) == [0])
    }
  }

  @Test func theDeadHoldNothing() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage()
      let reference = lab.registry.add(image)
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      // The lease that a killed pull left behind: nobody holds its lock.
      let lease = "\(lab.layout.leases)/dead"
      try Data(image.blobs.map { "\($0.descriptor.digest)" }.joined(separator: "\n").utf8).write(
        to: URL(filePath: lease))
      #expect(try await lab.runtime().remove(reference))
      #expect(try blobNames(lab) == [])
      #expect(lab.leases == [])
    }
  }

  @Test func abandonedPartialsGoWithTheNextPull() async throws {
    try await withLayoutLab { lab in
      let reference = lab.registry.add(try SampleImage())
      let blobs = (1...3).map { SampleImage.Blob([UInt8($0)], mediaType: MediaType.ociLayer).descriptor }
      for blob in blobs { try lab.leave([1], of: blob) }
      let paths = blobs.map { "\(lab.layout.partial($0.digest))" }
      try age(paths[0], hours: 25)
      try age(paths[1], hours: 25)
      let held = try OpenFile(.init(paths[1]), .readWrite)
      #expect(try held.tryLock())
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      #expect(Set(lab.partials) == Set(blobs[1...].map { "sha256-\($0.digest.encoded)" }))
      withExtendedLifetime(held) {}
    }
  }
}
