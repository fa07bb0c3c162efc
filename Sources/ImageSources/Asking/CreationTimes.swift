import ImageModel
import Registry

/// When images were made, by digest: what a digest names never changes, so each is asked about once.
package actor CreationTimes {
  private static let most = 20_000
  private var times: [Digest: String] = [:]

  package init() {}

  /// The time of the image that a reference stands for, as its configuration says, RFC 3339; of one for several platforms
  /// that of the first that is an image for Linux. Nil where it says none.
  func time(of reference: Reference, _ registry: RegistryClient) async throws -> String? {
    let descriptor = try await registry.resolve(reference)
    if let known = times[descriptor.digest] { return known.isEmpty ? nil : known }
    let created = try await Self.created(reference, at: descriptor, registry)
    if times.count >= Self.most { times.removeAll() }
    times[descriptor.digest] = created ?? ""
    return created
  }

  private static func created(
    _ reference: Reference, at descriptor: Descriptor, _ registry: RegistryClient
  ) async throws -> String? {
    let (root, _) = try await registry.root(reference, at: descriptor.digest)
    var platform = Platform(os: "linux", architecture: "amd64")
    if MediaType.isIndex(root.descriptor.mediaType) {
      let all = try await registry.index(root, of: reference).images.compactMap(\.platform)
      platform = all.first { $0 == platform } ?? all.first { $0.os == "linux" } ?? all.first ?? platform
      let image = try await registry.image(behind: root, of: reference, platform: platform)
      return try await registry.config(of: image)?.created
    }
    return try await registry.contents(of: root, reference).config.created
  }
}
