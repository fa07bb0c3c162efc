import struct Crypto.SHA256
package import ImageModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A small valid OCI image, made without any tool: random layers, the same bytes for the same seed.
package struct SampleImage: Sendable {
  /// Content with its descriptor.
  package struct Blob: Sendable {
    package let descriptor: Descriptor
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8], mediaType: String, platform: Platform? = nil) {
      self.bytes = bytes
      self.descriptor = Descriptor(
        mediaType: mediaType, digest: Digest(bytes: SHA256.hash(data: bytes)), size: Int64(bytes.count),
        platform: platform)
    }
  }

  /// One image manifest with what it needs.
  package struct Variant: Sendable {
    package let platform: Platform
    package let manifest: Blob
    package let config: Blob
    package let layers: [Blob]
  }

  package let variants: [Variant]
  /// The image index, if the image was made for several platforms.
  package let index: Blob?

  /// What a tag points at.
  package var root: Blob { index ?? variants[0].manifest }
  package var manifests: [Blob] { variants.map(\.manifest) + (index.map { [$0] } ?? []) }
  /// Configurations and layers.
  package var blobs: [Blob] { variants.flatMap { [$0.config] + $0.layers } }

  /// Makes an image whose layers hold random payload of the given sizes in bytes.
  ///
  /// - Parameters:
  ///   - platforms: more than one makes an image index; see `indexed` for an index of one.
  ///   - files: small files of a first layer, by their path (`etc/motd`); executable.
  ///   - docker: writes Docker's schema 2 media types instead of OCI's. The layers then say gzip, so they are gzipped.
  package init(
    seed: UInt64 = 1, layers: [Int] = [1000, 3000], platforms: [Platform] = [.host], indexed: Bool? = nil,
    files: [String: [UInt8]] = [:], gzip: Bool = false, docker: Bool = false,
    created: String = "2024-01-01T00:00:00Z"
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let compress = gzip || docker
    let layerType =
      docker ? MediaType.dockerLayerGzip : compress ? MediaType.ociLayerGzip : MediaType.ociLayer
    variants = try platforms.enumerated().map { number, platform in
      var random = SplitMix64(state: seed &* 1_000_003 &+ UInt64(number))
      var archives = files.isEmpty ? [] : [TarArchive(files: files).bytes]
      for (position, size) in layers.enumerated() {
        archives.append(TarArchive(files: ["data/layer-\(position)": random.bytes(size)]).bytes)
      }
      let config = Blob(
        try encoder.encode(
          ImageConfig(
            platform: platform, created: created,
            diffIDs: archives.map { Digest(bytes: SHA256.hash(data: $0)) })
        ).bytes, mediaType: docker ? MediaType.dockerConfig : MediaType.ociConfig)
      let layers = archives.map { Blob(compress ? Gzip.stored($0) : $0, mediaType: layerType) }
      let manifestType = docker ? MediaType.dockerManifest : MediaType.ociManifest
      let manifest = Manifest(
        mediaType: manifestType, config: config.descriptor, layers: layers.map(\.descriptor))
      return Variant(
        platform: platform,
        manifest: Blob(try encoder.encode(manifest).bytes, mediaType: manifestType, platform: platform),
        config: config, layers: layers)
    }
    guard indexed ?? (platforms.count > 1) else {
      index = nil
      return
    }
    let indexType = docker ? MediaType.dockerIndex : MediaType.ociIndex
    let list = Index(mediaType: indexType, manifests: variants.map(\.manifest.descriptor))
    index = Blob(try encoder.encode(list).bytes, mediaType: indexType)
  }
}

extension Data {
  fileprivate var bytes: [UInt8] { Array(self) }
}
