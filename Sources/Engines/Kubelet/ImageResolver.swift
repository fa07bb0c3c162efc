package import ImageModel
import Networking
package import Planning
package import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Asks registries, from here, what references stand for on the platforms of a cluster's nodes.
package struct ImageResolver: Sendable {
  private let registry: RegistryClient
  private let platforms: Set<Platform>

  package init(registry: RegistryClient, platforms: Set<Platform>) {
    self.registry = registry
    self.platforms = platforms
  }

  private static let parallel = 6
  private static let limit = Duration.seconds(30)

  /// One answer for each image, in their order.
  ///
  /// - Parameter hasOtherCredentials: whether nodes pull with credentials that we do not have, so that a registry may
  ///   tell them more than us.
  func resolve(_ images: [WantedImage], hasOtherCredentials: Bool) async throws -> [PreflightReport.Image] {
    try await withThrowingTaskGroup(of: (Int, PreflightReport.Image).self) { group in
      var results = [PreflightReport.Image?](repeating: nil, count: images.count)
      var next = 0
      func begin() {
        guard next < images.count else { return }
        let index = next
        next += 1
        group.addTask { (index, try await resolve(images[index], hasOtherCredentials)) }
      }
      for _ in 0..<Self.parallel { begin() }
      while let (index, result) = try await group.next() {
        results[index] = result
        begin()
      }
      return results.compactMap(\.self)
    }
  }

  private func resolve(_ image: WantedImage, _ hasOtherCredentials: Bool) async throws -> PreflightReport.Image {
    do {
      let found = try await withTimeLimit(Self.limit) {
        try await resolution(of: image.reference, at: try await registry.resolve(image.reference))
      }
      return PreflightReport.Image(image: image, resolution: found, problem: nil, isRefused: false)
    } catch let error as RegistryError {
      return PreflightReport.Image(
        image: image, resolution: nil, problem: WarmFailure(error),
        isRefused: error.isRefusal && !hasOtherCredentials)
    } catch is TimeLimitReached {
      let failure = WarmFailure.silent(image.reference.registry, within: Self.limit)
      return PreflightReport.Image(image: image, resolution: nil, problem: failure, isRefused: false)
    }
  }

  /// What a reference stands for on the platforms, once its descriptor is known.
  ///
  /// Costs a GET for each index, manifest and configuration that is read. All of them are checked against their digests.
  /// - Throws: `RegistryError`, or `DecodingError` for documents of another form.
  package func resolution(of reference: Reference, at descriptor: Descriptor) async throws -> ImageResolution {
    let root = try await registry.document(descriptor, of: reference)
    var resolution = ImageResolution(digest: descriptor.digest, platforms: [], variants: [:])
    if MediaType.isIndex(descriptor.mediaType) {
      let index = try JSONDecoder().decode(Index.self, from: Data(root.bytes))
      resolution.platforms = index.images.compactMap(\.platform).map(\.normalized)
      for platform in platforms {
        guard let best = platform.best(in: index.images), MediaType.isManifest(best.mediaType) else { continue }
        let document = try await registry.document(best, of: reference)
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(document.bytes))
        resolution.variants[platform.architecture] = ImageResolution.Variant(best.digest, manifest)
      }
    } else {
      let manifest = try JSONDecoder().decode(Manifest.self, from: Data(root.bytes))
      let config = try await registry.document(manifest.config, of: reference)
      let own = try JSONDecoder().decode(ImageConfig.self, from: Data(config.bytes)).platform.normalized
      resolution.platforms = [own]
      for platform in platforms where platform.runs(own) {
        resolution.variants[platform.architecture] = ImageResolution.Variant(descriptor.digest, manifest)
      }
    }
    return resolution
  }
}

extension RegistryError {
  /// Whether it is a registry's no that a node gets too when it asks with the same credentials.
  ///
  /// A registry hides what the asker may not see, so it does not count for nodes that may ask with more than we have.
  package var isRefusal: Bool { [.notFound, .unsupportedMediaType].contains(code) }
}

extension WarmFailure {
  /// A registry that did not answer in time.
  package static func silent(_ registry: String, within limit: Duration) -> WarmFailure {
    WarmFailure(
      code: "timedOut", detail: "\(registry) did not answer within \(limit)",
      remedy: "Check the network between this machine and the registry.")
  }
}

extension ImageResolution.Variant {
  fileprivate init(_ digest: Digest, _ manifest: Manifest) {
    self.init(digest: digest, configDigest: manifest.config.digest, sizeBytes: manifest.compressedSize)
  }
}
