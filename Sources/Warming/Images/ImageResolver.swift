package import ImageModel
import Networking
package import Registry

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
    } catch {
      // Whatever it is, it is about this image and not about the others.
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      return PreflightReport.Image(image: image, resolution: nil, problem: WarmFailure(error), isRefused: false)
    }
  }

  /// What a reference stands for on the platforms, once its descriptor is known.
  ///
  /// Costs a GET for each index, manifest and configuration that is read. All of them are checked against their digests.
  /// - Throws: `RegistryError`, also for documents that runtimes cannot read.
  package func resolution(of reference: Reference, at descriptor: Descriptor) async throws -> ImageResolution {
    let root = try await registry.root(reference, at: descriptor.digest).document
    var resolution = ImageResolution(digest: descriptor.digest, platforms: [], variants: [:])
    if MediaType.isIndex(root.descriptor.mediaType) {
      resolution.platforms = try await registry.index(root, of: reference).images.compactMap(\.platform)
        .map(\.normalized)
      var lacking: RegistryError?
      for platform in platforms {
        do {
          let image = try await registry.image(behind: root, of: reference, platform: platform)
          resolution.variants[platform.key] = ImageResolution.Variant(image)
          let own = image.platform.normalized
          // What an index says of no entry is said by the configuration.
          if image.manifestDescriptor.platform == nil, !resolution.platforms.contains(own) {
            resolution.platforms.append(own)
          }
        } catch let error as RegistryError where error.code == .noPlatform {
          lacking = error
        }
      }
      // An index that names no platform would look as if it had all.
      if let lacking, resolution.variants.isEmpty, resolution.platforms.isEmpty { throw lacking }
    } else {
      let (manifest, config) = try await registry.contents(of: root, reference)
      if config.platform.isKnown { resolution.platforms = [config.platform.normalized] }
      for platform in platforms where config.suits(platform, isAlone: true) {
        resolution.variants[platform.key] = ImageResolution.Variant(
          digest: descriptor.digest, configDigest: manifest.config.digest, sizeBytes: manifest.compressedSize)
      }
    }
    return resolution
  }
}

extension RegistryError {
  /// Whether it is a registry's no that a node gets too when it asks with the same credentials.
  ///
  /// A registry hides what the asker may not see, so it does not count for nodes that may ask with more than we have.
  package var isRefusal: Bool { [.notFound, .unsupportedMediaType, .artifact].contains(code) }
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
  fileprivate init(_ image: ResolvedImage) {
    self.init(
      digest: image.manifestDescriptor.digest, configDigest: image.manifest.config.digest,
      sizeBytes: image.compressedSize)
  }
}
