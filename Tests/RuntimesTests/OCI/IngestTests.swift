import Crypto
import Foundation
import ImageModel
import NIOCore
import Registry
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: a blob in the making", .timeLimit(.minutes(10)))
struct IngestTests {
  private let reference = Reference(registry: "example.org", repository: "a", tag: "b", digest: nil)

  private func withLayout(_ body: (Layout) throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let layout = Layout(folder + "/layout")
      try layout.makeFolders()
      try layout.initialize()
      try body(layout)
    }
  }

  private func granted(_ claim: Ingest.Claim) throws -> Ingest {
    guard case .granted(let ingest) = claim else { throw WrongClaim() }
    return ingest
  }

  @Test func longDigestsAreStoredToo() async throws {
    try await withLayout { layout in
      let bytes = Array("content".utf8)
      let descriptor = Descriptor(
        mediaType: MediaType.ociLayer, digest: Digest(bytes: SHA512.hash(data: bytes)), size: Int64(bytes.count))
      let ingest = try granted(Ingest.claim(descriptor, in: layout))
      try ingest.append([ByteBuffer(bytes: bytes.prefix(3)), ByteBuffer(bytes: bytes.dropFirst(3))])
      #expect(try ingest.finish(for: reference) == nil)
      #expect(try layout.read(layout.blobs.appending("sha512").appending(descriptor.digest.encoded)) == bytes)
      #expect(try layout.storedDigests() == [descriptor.digest])
      guard case .stored = try Ingest.claim(descriptor, in: layout) else { throw WrongClaim() }
    }
  }

  @Test func anEmptyBlobIsABlob() async throws {
    try await withLayout { layout in
      let blob = SampleImage.Blob([], mediaType: MediaType.ociLayer)
      let ingest = try granted(Ingest.claim(blob.descriptor, in: layout))
      #expect(try ingest.finish(for: reference) == nil)
      #expect(layout.has(blob.descriptor))
    }
  }

  @Test func wrongContentIsNotStored() async throws {
    try await withLayout { layout in
      let blob = SampleImage.Blob([1, 2, 3], mediaType: MediaType.ociLayer)
      let ingest = try granted(Ingest.claim(blob.descriptor, in: layout))
      for bytes: [UInt8] in [[1, 2], [1, 2, 4]] {
        try ingest.append([ByteBuffer(bytes: bytes)])
        #expect(try ingest.finish(for: reference)?.code == .digestMismatch)
        #expect(ingest.offset == 0 && !layout.has(blob.descriptor))
      }
      try ingest.append([ByteBuffer(bytes: blob.bytes)])
      #expect(try ingest.finish(for: reference) == nil)
    }
  }

  @Test func hasOneWriter() async throws {
    try await withLayout { layout in
      let blob = SampleImage.Blob([1, 2, 3], mediaType: MediaType.ociLayer)
      try {
        let ingest = try granted(Ingest.claim(blob.descriptor, in: layout))
        try ingest.append([ByteBuffer(bytes: [1, 2])])
        guard case .taken(let sign) = try Ingest.claim(blob.descriptor, in: layout) else { throw WrongClaim() }
        #expect(sign.size == 2)
      }()
      // It is gone; what it wrote is there for the next one.
      let next = try granted(Ingest.claim(blob.descriptor, in: layout))
      #expect(next.offset == 0)
      while try next.rehash() {}
      #expect(next.offset == 2)
      try next.append([ByteBuffer(bytes: [3])])
      #expect(try next.finish(for: reference) == nil)
    }
  }

  @Test func bigBeginningsAreRehashedInSteps() async throws {
    try await withLayout { layout in
      var random = SplitMix64(state: 3)
      let blob = SampleImage.Blob(random.bytes(20_000_000), mediaType: MediaType.ociLayer)
      try Data(blob.bytes).write(to: URL(filePath: "\(layout.partial(blob.descriptor.digest))"))
      let ingest = try granted(Ingest.claim(blob.descriptor, in: layout))
      var steps = 0
      while try ingest.rehash() { steps += 1 }
      #expect(steps > 1)
      #expect(try ingest.finish(for: reference) == nil)
    }
  }

  /// Between the opening of the file and its lock, its writer may have finished it or given it up.
  @Test func noWriterIsLeftWithAFileThatIsGone() async throws {
    try await withTemporaryFolder { folder in
      let layout = Layout(folder + "/layout")
      try layout.makeFolders()
      try layout.initialize()
      let blob = SampleImage.Blob([1, 2, 3], mediaType: MediaType.ociLayer)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<4 {
          group.addTask {
            for turn in 0..<500 {
              guard case .granted(let ingest) = try Ingest.claim(blob.descriptor, in: layout) else { continue }
              #expect(!layout.has(blob.descriptor))
              if (writer + turn).isMultiple(of: 2) {
                try ingest.discard()
              } else {
                try ingest.append([ByteBuffer(bytes: blob.bytes)])
                #expect(try ingest.finish(for: reference) == nil)
                try layout.delete(layout.blob(blob.descriptor.digest))
              }
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }
}

private struct WrongClaim: Error {}
