import Crypto
import Documents
package import ImageModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension EmbeddedRegistry {
  /// Serves the manifests and configurations of an image whose layers do not exist: for nodes whose pulls are modelled,
  /// and for who only looks at it. A real pull of it fails.
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
      let layers = layers.enumerated().map {
        blob("\(seed ?? repository) \(platform) \($0.offset) \($0.element)", $0.element, MediaType.ociLayer)
      }
      var config = try JSON(
        encoding: ImageConfig(platform: platform, created: "2024-01-01T00:00:00Z", diffIDs: layers.map(\.digest)))
      // What tells images of the same layers apart.
      config["config"] = ["Labels": ["org.opencontainers.image.title": .string("\(repository):\(tag)")]]
      var bytes = config.bytes(sorted: true)
      // As large as those of ordinary images.
      bytes += Array(repeating: UInt8(ascii: " "), count: max(0, 1500 - bytes.count))
      let configuration = SampleImage.Blob(bytes, mediaType: MediaType.ociConfig)
      add(configuration)
      let manifest = Manifest(config: configuration.descriptor, layers: layers)
      return SampleImage.Blob(
        Array(try encoder.encode(manifest)), mediaType: MediaType.ociManifest, platform: platform)
    }
    for manifest in manifests { add(manifest: manifest, to: repository, tag: nil) }
    let index = SampleImage.Blob(
      Array(try encoder.encode(Index(manifests: manifests.map(\.descriptor)))), mediaType: MediaType.ociIndex)
    return add(manifest: index, to: repository, tag: tag)
  }
}
