import ImageModel
import Networking
import Planning
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Asks registries, from here, what references stand for on the platforms of a cluster's nodes.
struct ImageResolver: Sendable {
  let registry: RegistryClient
  let platforms: Set<Platform>
  /// Whether nodes pull with credentials that we do not have, so that a registry may tell them more than us.
  let hasOtherCredentials: Bool

  private static let parallel = 6
  private static let limit = Duration.seconds(30)

  /// One answer for each image, in their order.
  func resolve(_ images: [WantedImage]) async throws -> [PreflightReport.Image] {
    try await withThrowingTaskGroup(of: (Int, PreflightReport.Image).self) { group in
      var results = [PreflightReport.Image?](repeating: nil, count: images.count)
      var next = 0
      func begin() {
        guard next < images.count else { return }
        let index = next
        next += 1
        group.addTask { (index, try await resolve(images[index])) }
      }
      for _ in 0..<Self.parallel { begin() }
      while let (index, result) = try await group.next() {
        results[index] = result
        begin()
      }
      return results.compactMap(\.self)
    }
  }

  private func resolve(_ image: WantedImage) async throws -> PreflightReport.Image {
    do {
      let found = try await withTimeLimit(Self.limit) { try await resolution(of: image.reference) }
      return PreflightReport.Image(image: image, resolution: found, problem: nil, isRefused: false)
    } catch let error as RegistryError {
      // A registry hides what the asker may not see, so its no counts for nodes that ask with less or the same only.
      let isRefused = !hasOtherCredentials && [.notFound, .unsupportedMediaType].contains(error.code)
      return PreflightReport.Image(
        image: image, resolution: nil, problem: WarmFailure(error), isRefused: isRefused)
    } catch is TimeLimitReached {
      let failure = WarmFailure(
        code: "timedOut", detail: "\(image.reference.registry) did not answer within \(Self.limit)",
        remedy: "Check the network between this machine and the registry.")
      return PreflightReport.Image(image: image, resolution: nil, problem: failure, isRefused: false)
    }
  }

  private func resolution(of reference: Reference) async throws -> ImageResolution {
    let descriptor = try await registry.resolve(reference)
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

extension ImageResolution.Variant {
  fileprivate init(_ digest: Digest, _ manifest: Manifest) {
    self.init(digest: digest, configDigest: manifest.config.digest, sizeBytes: manifest.compressedSize)
  }
}
