import ImageModel
import NIOCore
import Registry
import TestKit
import Testing
import VirtualCluster

/// What every registry must give: the same tests for the fake one and for docker-registry.
@Suite(.timeLimit(.minutes(2)))
struct RegistrySuite {
  private static let arm = Platform(os: "linux", architecture: "arm64")
  private static let intel = Platform(os: "linux", architecture: "amd64")

  @Test(arguments: RegistryKind.allCases)
  func everyPartOfAnImage(_ kind: RegistryKind) async throws {
    let image = try SampleImage(seed: 7, layers: [100_000, 300_000], platforms: [Self.intel, Self.arm])
    try await kind.withImage(image) { client, reference in
      let root = try #require(image.index)
      let descriptor = try await client.resolve(reference)
      #expect(descriptor.digest == root.descriptor.digest)
      #expect(descriptor.mediaType == MediaType.ociIndex)
      #expect(descriptor.size == Int64(root.bytes.count))

      let resolved = try await client.image(reference, platform: Self.arm, descriptor: descriptor)
      let variant = image.variants[1]
      #expect(resolved.descriptor == descriptor)
      #expect(resolved.platform == Self.arm)
      #expect(resolved.manifestDescriptor.digest == variant.manifest.descriptor.digest)
      #expect(resolved.documents.map(\.bytes) == [root.bytes, variant.manifest.bytes])
      #expect(resolved.manifest.layers == variant.layers.map(\.descriptor))
      #expect(resolved.compressedSize == Int64(([variant.config] + variant.layers).reduce(0) { $0 + $1.bytes.count }))

      let config = try await client.document(resolved.manifest.config, of: reference)
      #expect(config.bytes == variant.config.bytes)
      for layer in variant.layers {
        #expect(try await client.bytes(layer.descriptor, of: reference) == layer.bytes)
      }
    }
  }

  @Test(arguments: RegistryKind.allCases)
  func listsOfTags(_ kind: RegistryKind) async throws {
    try await kind.withImage(try SampleImage()) { client, reference in
      let tags = try await client.tags(of: reference)
      #expect(tags == ["v1"])
      let missing = Reference(registry: reference.registry, repository: "test/none", tag: nil, digest: nil)
      let error = await #expect(throws: RegistryError.self) { try await client.tags(of: missing) }
      #expect(error.map { [.notFound, .unauthorized, .denied].contains($0.code) } ?? false)
    }
  }

  @Test(arguments: RegistryKind.allCases)
  func rangesOfABlob(_ kind: RegistryKind) async throws {
    let image = try SampleImage(layers: [200_000])
    try await kind.withImage(image) { client, reference in
      let layer = image.variants[0].layers[0]
      let size = layer.descriptor.size
      for offset in [1, 65_536, size - 1] {
        let tail = try await client.bytes(layer.descriptor, of: reference, from: offset)
        #expect(tail == Array(layer.bytes[Int(offset)...]))
      }
      let error = await #expect(throws: RegistryError.self) {
        try await client.bytes(layer.descriptor, of: reference, from: size)
      }
      #expect(error?.code == .rangeNotSatisfiable)
    }
  }

  @Test(arguments: RegistryKind.allCases)
  func whatIsMissing(_ kind: RegistryKind) async throws {
    let image = try SampleImage(layers: [10])
    try await kind.withImage(image) { client, reference in
      let tag = Reference(registry: reference.registry, repository: "test/image", tag: "v2", digest: nil)
      let error = await #expect(throws: RegistryError.self) { try await client.resolve(tag) }
      #expect(error?.code == .notFound)
      #expect(error?.isRetryable == false)
      #expect(error?.description.contains("no such tag or digest") == true, "\(String(describing: error))")

      let absent = SampleImage.Blob([1, 2, 3], mediaType: MediaType.ociLayer).descriptor
      let blobError = await #expect(throws: RegistryError.self) { try await client.bytes(absent, of: reference) }
      #expect(blobError?.code == .notFound)
    }
  }

  @Test(arguments: RegistryKind.allCases)
  func byDigestAndOfOnePlatform(_ kind: RegistryKind) async throws {
    let image = try SampleImage(seed: 3, layers: [10], platforms: [Self.intel], docker: true)
    try await kind.withImage(image) { client, reference in
      let pinned = reference.at(image.root.descriptor.digest)
      let resolved = try await client.image(pinned, platform: Self.intel)
      #expect(resolved.descriptor.digest == image.root.descriptor.digest)
      #expect(resolved.descriptor.mediaType == MediaType.dockerManifest)
      #expect(resolved.platform == Self.intel)
      // The configuration had to be read to know that it runs here.
      #expect(resolved.documents.map(\.bytes) == [image.root.bytes, image.variants[0].config.bytes])
      let error = await #expect(throws: RegistryError.self) { try await client.image(pinned, platform: Self.arm) }
      #expect(error?.code == .noPlatform)
      #expect(error?.detail == "it is an image for linux/amd64")
    }
  }
}
