import Crypto
package import ImageModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension EmbeddedRegistry {
  /// Serves the manifests of an image whose blobs do not exist: for nodes whose pulls are modelled, and for who only
  /// resolves it. A real pull of it fails.
  ///
  /// - Parameter layers: claimed sizes in bytes; layers of equal `seed` and position are the same layer.
  @discardableResult
  package func addModelled(
    _ repository: String, tag: String = "v1", layers: [Int64], seed: String? = nil,
    platforms: [Platform] = [
      Platform(os: "linux", architecture: "amd64"), Platform(os: "linux", architecture: "arm64"),
    ]
  ) throws -> Reference {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    func blob(_ name: String, _ size: Int64, _ type: String) -> Descriptor {
      Descriptor(mediaType: type, digest: Digest(bytes: SHA256.hash(data: Array(name.utf8))), size: size)
    }
    let manifests = try platforms.map { platform in
      let manifest = Manifest(
        config: blob("\(repository):\(tag) \(platform) config", 1500, MediaType.ociConfig),
        layers: layers.enumerated().map {
          blob("\(seed ?? repository) \(platform) \($0.offset) \($0.element)", $0.element, MediaType.ociLayer)
        })
      return SampleImage.Blob(
        Array(try encoder.encode(manifest)), mediaType: MediaType.ociManifest, platform: platform)
    }
    for manifest in manifests { add(manifest: manifest, to: repository, tag: nil) }
    let index = SampleImage.Blob(
      Array(try encoder.encode(Index(manifests: manifests.map(\.descriptor)))), mediaType: MediaType.ociIndex)
    return add(manifest: index, to: repository, tag: tag)
  }
}
