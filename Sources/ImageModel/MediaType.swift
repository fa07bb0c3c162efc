/// Media types of the OCI image specification and of Docker's image manifest version 2, schema 2.
package enum MediaType {
  package static let ociIndex = "application/vnd.oci.image.index.v1+json"
  package static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
  package static let ociConfig = "application/vnd.oci.image.config.v1+json"
  package static let ociLayer = "application/vnd.oci.image.layer.v1.tar"
  package static let ociLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
  package static let ociLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"
  package static let ociEmpty = "application/vnd.oci.empty.v1+json"
  package static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
  package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
  package static let dockerConfig = "application/vnd.docker.container.image.v1+json"
  package static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"

  /// What a client accepts where a manifest is asked for, in order of preference.
  package static let manifests = [ociIndex, ociManifest, dockerIndex, dockerManifest]

  package static func isIndex(_ type: String) -> Bool { type == ociIndex || type == dockerIndex }
  package static func isManifest(_ type: String) -> Bool { type == ociManifest || type == dockerManifest }

  /// Of a configuration that is an image's by its type alone.
  package static func isConfig(_ type: String) -> Bool { type == ociConfig || type == dockerConfig }

  /// Of a layer of files, however it is packed.
  package static func isLayer(_ type: String) -> Bool {
    type.hasPrefix("application/vnd.oci.image.layer.") || type.hasPrefix("application/vnd.docker.image.rootfs.")
  }

  /// Docker's schema 1, which no current registry or runtime serves.
  package static func isSchema1(_ type: String) -> Bool {
    type.hasPrefix("application/vnd.docker.distribution.manifest.v1+")
  }
}
