/// The part of an image's configuration that tells where it runs and what it is made of. Source: config.md.
package struct ImageConfig: Codable, Hashable, Sendable {
  package struct RootFS: Codable, Hashable, Sendable {
    package var type: String
    /// Digests of the layers before compression, from the base up.
    package var diffIDs: [Digest]

    enum CodingKeys: String, CodingKey {
      case type
      case diffIDs = "diff_ids"
    }

    package init(diffIDs: [Digest]) {
      self.type = "layers"
      self.diffIDs = diffIDs
    }
  }

  package var architecture: String
  package var os: String
  package var variant: String?
  package var osVersion: String?
  /// RFC 3339 time of creation.
  package var created: String?
  package var rootfs: RootFS

  enum CodingKeys: String, CodingKey {
    case architecture, os, variant, created, rootfs
    case osVersion = "os.version"
  }

  package init(platform: Platform, created: String? = nil, diffIDs: [Digest]) {
    self.architecture = platform.architecture
    self.os = platform.os
    self.variant = platform.variant
    self.osVersion = platform.osVersion
    self.created = created
    self.rootfs = RootFS(diffIDs: diffIDs)
  }

  package var platform: Platform {
    Platform(os: os, architecture: architecture, variant: variant, osVersion: osVersion)
  }
}
