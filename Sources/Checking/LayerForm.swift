package import ImageModel

/// How a layer is packed, and what a runtime needs to take it. Source: OCI image specification (layer.md), and the
/// projects that the cases are named after.
package struct LayerForm: Hashable, Sendable {
  package enum Compression: String, Sendable {
    case none, gzip, zstd
    case unknown
  }

  package enum Trait: String, CaseIterable, Comparable, Sendable {
    /// Gzip with a table of contents; ordinary runtimes take it as gzip.
    case eStargz
    /// Zstd with a table of contents; ordinary runtimes take it as zstd.
    case zstdChunked
    /// Readable by the nydus snapshotter only.
    case nydus
    /// Needs a key on the node (ocicrypt).
    case encrypted
    /// Not meant to be in the registry of its image; fetched from the addresses of its descriptor.
    case foreign

    package static func < (a: Trait, b: Trait) -> Bool { a.rawValue < b.rawValue }
  }

  package let compression: Compression
  package let traits: Set<Trait>

  package init(_ layer: Descriptor) {
    var type = layer.mediaType.lowercased()
    var traits: Set<Trait> = []
    if type.hasSuffix("+encrypted") {
      type.removeLast("+encrypted".count)
      traits.insert(.encrypted)
    }
    let annotations = layer.annotations ?? [:]
    if annotations["containerd.io/snapshot/stargz/toc.digest"] != nil { traits.insert(.eStargz) }
    if annotations.keys.contains(where: { $0.hasPrefix("io.github.containers.zstd-chunked.") }) {
      traits.insert(.zstdChunked)
    }
    let isNydus = annotations.keys.contains { $0.hasPrefix("containerd.io/snapshot/nydus-") }
    if type.hasPrefix("application/vnd.oci.image.layer.nydus.") || isNydus { traits.insert(.nydus) }
    if type.contains(".nondistributable.") || type.contains(".foreign.") { traits.insert(.foreign) }
    // Stargz and zstd:chunked exclude each other; some tools write zstd:chunked with stargz's annotation too.
    if traits.contains(.zstdChunked) { traits.remove(.eStargz) }
    self.traits = traits
    compression = Self.archives[type] ?? .unknown
  }

  private static let archives: [String: Compression] = [
    "application/vnd.oci.image.layer.v1.tar": .none,
    "application/vnd.oci.image.layer.v1.tar+gzip": .gzip,
    "application/vnd.oci.image.layer.v1.tar+zstd": .zstd,
    "application/vnd.oci.image.layer.nondistributable.v1.tar": .none,
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": .gzip,
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": .zstd,
    "application/vnd.docker.image.rootfs.diff.tar": .none,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": .gzip,
    "application/vnd.docker.image.rootfs.diff.tar.zstd": .zstd,
    "application/vnd.docker.image.rootfs.foreign.diff.tar": .none,
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": .gzip,
  ]

  /// Whether nothing here tells what runtimes make of it.
  package var isUnknown: Bool { compression == .unknown && !traits.contains(.nydus) }
}
