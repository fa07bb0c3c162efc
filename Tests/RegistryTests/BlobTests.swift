import Foundation
import ImageModel
import NIOCore
import Registry
import TestKit
import Testing
import VirtualCluster

/// Blobs that stall, break off, or are not what they claim to be.
@Suite(.timeLimit(.minutes(2)))
struct BlobTests {
  private let image: SampleImage
  private var layer: SampleImage.Blob { image.variants[0].layers[0] }

  init() throws {
    image = try SampleImage(seed: 5, layers: [1_000_000])
  }

  @Test func stallAmidABlob() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      registry.inject(.stall(after: 300_000)) { $0.path.contains("/blobs/") }
      try await withClient(configure: { $0.idleTimeout = .milliseconds(500) }) { client in
        let error = await #expect(throws: RegistryError.self) {
          try await client.bytes(layer.descriptor, of: reference)
        }
        #expect(error?.code == .timedOut)
        #expect(error?.isRetryable == true)
        #expect(error?.subject == "\(layer.descriptor.digest) of \(reference)")
      }
    }
  }

  @Test func truncatedBlob() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      registry.inject(.truncate(after: 300_000)) { $0.path.contains("/blobs/") }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) {
          try await client.bytes(layer.descriptor, of: reference)
        }
        #expect(error?.code == .truncated)
        #expect(error?.isRetryable == true)
      }
    }
  }

  /// Cut three times and stalled once, with two tries at the most without progress.
  @Test func downloadGoesOnWhereItEnded() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      for fault in [
        RegistryFault.truncate(after: 100_000), .truncate(after: 300_000), .stall(after: 1000), .truncate(after: 1),
      ] {
        registry.inject(fault, times: 1) { $0.path.contains("/blobs/") }
      }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(
        attempts: 2,
        configure: {
          $0.clock = clock.clock
          $0.idleTimeout = .seconds(4)
        }
      ) { client in
        var bytes: [UInt8] = []
        var verifier = DigestVerifier(layer.descriptor)
        try await client.download(layer.descriptor, of: reference) {
          Issue.record("nothing had to begin again")
        } write: {
          bytes += Array(buffer: $0)
          verifier.update($0)
        }
        #expect(bytes == layer.bytes)
        try verifier.verify(of: reference)
      }
      let ranges = registry.requests.filter { $0.path.contains("/blobs/") }.map { $0.headers["range"] }
      #expect(ranges.count == 5)
      #expect(ranges[0] == nil)
      #expect(ranges.dropFirst().allSatisfy { $0?.hasPrefix("bytes=") == true })
    }
  }

  @Test func downloadFromWhatIsThere() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      try await withClient { client in
        var bytes = Array(layer.bytes.prefix(400_000))
        try await client.download(layer.descriptor, of: reference, from: 400_000) {
          Issue.record("nothing had to begin again")
        } write: {
          bytes += Array(buffer: $0)
        }
        #expect(bytes == layer.bytes)
        try await client.download(layer.descriptor, of: reference, from: layer.descriptor.size, restart: {}) { _ in
          Issue.record("it was all there")
        }
      }
    }
  }

  @Test func serverWithoutRanges() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      registry.inject(.ignoreRange) { $0.headers["range"] != nil }
      try await withClient { client in
        var bytes: [UInt8] = [1, 2, 3]
        try await client.download(layer.descriptor, of: reference, from: 3) {
          bytes = []
        } write: {
          bytes += Array(buffer: $0)
        }
        #expect(bytes == layer.bytes)
      }
    }
  }

  @Test(arguments: [
    RegistryFault.status(416), .headers(["Content-Range": "bytes 0-5/6"]), .headers(["Content-Range": "nonsense"]),
  ])
  func rangeThatIsNotServed(_ fault: RegistryFault) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      registry.inject(fault) { $0.headers["range"] != nil }
      try await withClient(attempts: 2, configure: { $0.clock = ManualClock(start: ManualClock.exampleDate).clock }) {
        client in
        let error = await #expect(throws: RegistryError.self) {
          try await client.bytes(layer.descriptor, of: reference, from: 3)
        }
        #expect(error?.code == .rangeNotSatisfiable)
        var bytes: [UInt8] = [1, 2, 3]
        try await client.download(layer.descriptor, of: reference, from: 3) {
          bytes = []
        } write: {
          bytes += Array(buffer: $0)
        }
        #expect(bytes == layer.bytes)
      }
    }
  }

  /// A registry that breaks off at one place and does no ranges must not be asked for ever.
  @Test func downloadThatNeverGetsOn() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      registry.inject(.status(416)) { $0.headers["range"] != nil }
      registry.inject(.truncate(after: 1000)) { $0.path.contains("/blobs/") }
      try await withClient(attempts: 3, configure: { $0.clock = ManualClock(start: ManualClock.exampleDate).clock }) {
        client in
        let error = await #expect(throws: RegistryError.self) {
          try await client.download(layer.descriptor, of: reference, restart: {}, write: { _ in })
        }
        #expect(error?.isRetryable == true)
      }
      #expect(registry.requests.count < 10)
    }
  }

  @Test func wrongContent() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      registry.inject(.corrupt) { $0.path.contains("/blobs/") }
      try await withClient { client in
        var verifier = DigestVerifier(layer.descriptor)
        try await client.download(layer.descriptor, of: reference, restart: {}) { verifier.update($0) }
        let error = #expect(throws: RegistryError.self) { try verifier.verify(of: reference) }
        #expect(error?.code == .digestMismatch)
        #expect(error?.detail.contains("the content has the digest sha256:") == true)
        let config = await #expect(throws: RegistryError.self) {
          try await client.document(image.variants[0].config.descriptor, of: reference)
        }
        #expect(config?.code == .digestMismatch)
      }
    }
  }

  @Test(arguments: [-1, 1])
  func wrongSize(_ difference: Int64) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      var descriptor = layer.descriptor
      descriptor.size += difference
      try await withClient { client in
        for isChunked in [false, true] {
          if isChunked { registry.inject(.withoutHeader("Content-Length")) }
          let error = await #expect(throws: RegistryError.self) { try await client.bytes(descriptor, of: reference) }
          #expect(error?.code == (isChunked && difference > 0 ? .truncated : .digestMismatch))
        }
      }
    }
  }

  @Test func sha512() async throws {
    var descriptor = layer.descriptor
    let digest = "sha512:" + String(repeating: "0", count: 128)
    descriptor.digest = try Digest(parsing: digest)
    var verifier = DigestVerifier(descriptor)
    layer.bytes.withUnsafeBytes { verifier.update($0) }
    let error = #expect(throws: RegistryError.self) {
      try verifier.verify(of: Reference(registry: "r", repository: "a", tag: nil, digest: nil))
    }
    #expect(error?.detail.contains("the content has the digest sha512:") == true)
  }

  @Test func bigConfigurationIsRefused() async throws {
    try await withClient { client in
      var descriptor = image.variants[0].config.descriptor
      descriptor.size = 5 << 20
      let reference = try Reference(parsing: "127.0.0.1:1/app:v1")
      let error = await #expect(throws: RegistryError.self) { try await client.document(descriptor, of: reference) }
      #expect(error?.code == .tooLarge)
    }
  }

  /// Foreign layers are where their descriptor says, when the registry does not have them.
  @Test func foreignLayer() async throws {
    try await withEmbeddedRegistry { elsewhere in
      elsewhere.add(layer)
      try await withEmbeddedRegistry { registry in
        registry.require(.basic(username: "ada", password: "secret"))
        let reference = Reference(registry: registry.host, repository: "test/image", tag: "v1", digest: nil)
        var descriptor = layer.descriptor
        descriptor.urls = [
          "ftp://nowhere/x", "http://\(elsewhere.host)/nothing",
          "http://\(elsewhere.host)/v2/foreign/blobs/\(descriptor.digest)",
        ]
        let credential = FixedCredential(.basic(username: "ada", password: "secret"))
        try await withClient(credentials: credential) { client in
          let bytes = try await client.bytes(descriptor, of: reference)
          #expect(bytes == layer.bytes)
        }
        #expect(elsewhere.requests.allSatisfy { $0.authorization == nil })
      }
    }
  }

  /// Stopping early frees the connection; the next blob comes all the same.
  @Test func leavingEarly() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(image)
      try await withClient { client in
        for _ in 0..<3 {
          try await client.blob(layer.descriptor, of: reference) { stream in
            for try await _ in stream { break }
          }
        }
        #expect(try await client.bytes(layer.descriptor, of: reference) == layer.bytes)
      }
    }
  }
}
