import Documents
import Foundation
package import ImageModel
package import VirtualCluster

/// An image that runs for as long as it is let: pods of a real runtime can begin with it.
package enum SleepingImage {
  /// - Returns: the reference under which the registry has it.
  package static func add(to registry: EmbeddedRegistry) throws -> Reference {
    let busybox = try Data(contentsOf: URL(fileURLWithPath: "/bin/busybox"))
    let plain = try SampleImage(layers: [], files: ["busybox": Array(busybox)], gzip: true)
    let variant = plain.variants[0]
    guard case .object(var config) = try JSON(parsing: variant.config.bytes) else {
      throw NeverHappened(description: "the configuration is no object")
    }
    config["config"] = ["Entrypoint": ["/busybox", "sleep", "600"]]
    let blob = SampleImage.Blob(
      JSON.object(config).bytes(sorted: true), mediaType: variant.config.descriptor.mediaType)
    for blob in [blob] + variant.layers { registry.add(blob) }
    let manifest = try JSONEncoder().encode(
      Manifest(mediaType: MediaType.ociManifest, config: blob.descriptor, layers: variant.layers.map(\.descriptor)))
    return registry.add(
      manifest: SampleImage.Blob(Array(manifest), mediaType: MediaType.ociManifest), to: "test/sleeper")
  }
}
