import ImageModel
import VirtualCluster

/// An image that is written carelessly, and whether containerd takes it.
struct OddImage: Sendable {
  let name: String
  let isTaken: Bool
  let type: String
  /// False where a store that holds the good image already does not look: what is wrong is never fetched or unpacked.
  var isSeenInAnyStore = true
  /// Its index or manifest.
  let document: @Sendable (Parts) throws -> String

  /// What such images are made of: a good image for this machine and one for another.
  struct Parts: Sendable {
    let good: SampleImage.Variant
    let other: SampleImage.Variant
    let platform: String
    let otherPlatform: String
    private let registry: EmbeddedRegistry

    init(in registry: EmbeddedRegistry) throws {
      self.registry = registry
      let host = Platform.host
      let another = Platform(os: "linux", architecture: host.architecture == "s390x" ? "ppc64le" : "s390x")
      let images = try [host, another].map { try SampleImage(seed: 3, layers: [100], platforms: [$0], gzip: true) }
      for image in images { registry.add(image, to: "odd/image", tag: image.variants[0].platform.architecture) }
      (good, other) = (images[0].variants[0], images[1].variants[0])
      platform = Self.json(host)
      otherPlatform = Self.json(another)
    }

    private static func json(_ platform: Platform) -> String {
      #"{"os":"\#(platform.os)","architecture":"\#(platform.architecture)"}"#
    }

    /// Adds a document and returns its descriptor in JSON, with more members.
    func add(_ json: String, _ type: String, _ more: String = "") -> String {
      let blob = SampleImage.Blob(Array(json.utf8), mediaType: type)
      if MediaType.isIndex(type) || MediaType.isManifest(type) {
        registry.add(manifest: blob, to: "odd/image", tag: "inner-\(blob.descriptor.digest.short)")
      } else {
        registry.add(blob)
      }
      return entry(blob.descriptor, more)
    }

    func entry(_ descriptor: Descriptor, _ more: String = "", type: String? = nil, size: String? = nil) -> String {
      let size = size ?? "\(descriptor.size)"
      return
        #"{"mediaType":"\#(type ?? descriptor.mediaType)","digest":"\#(descriptor.digest)","size":\#(size)\#(more)}"#
    }

    /// The good image's manifest as an entry of an index.
    func entry(_ more: String = "") -> String { entry(good.manifest.descriptor, more) }

    func index(_ entries: String..., more: String = "") -> String {
      #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":[\#(entries.joined(separator: ","))]\#(more)}"#
    }

    /// The entry for this machine, as it should be.
    var whole: String { entry(#","platform":\#(platform)"#) }

    func manifest(config: String? = nil, layers: String? = nil, more: String = "") -> String {
      let config = config ?? entry(good.config.descriptor)
      let layers = layers ?? "[\(entry(good.layers[0].descriptor))]"
      return
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":\#(config),"layers":\#(layers)\#(more)}"#
    }

    /// A configuration with other members; `diff_ids` are the good image's unless they are given.
    func config(_ members: String, diffs: String? = nil, type: String = MediaType.ociConfig) throws -> String {
      let config = try ImageConfig(parsing: good.config.bytes)
      let diffs = diffs ?? #"["\#(config.rootfs.diffIDs[0])"]"#
      let comma = members.isEmpty ? "" : ","
      return add(#"{\#(members)\#(comma)"rootfs":{"type":"layers","diff_ids":\#(diffs)}}"#, type)
    }
  }

  static func index(_ name: String, _ isTaken: Bool, _ document: @escaping @Sendable (Parts) throws -> String) -> Self {
    OddImage(name: name, isTaken: isTaken, type: MediaType.ociIndex, document: document)
  }

  static func manifest(
    _ name: String, _ isTaken: Bool, _ document: @escaping @Sendable (Parts) throws -> String
  ) -> Self {
    OddImage(name: name, isTaken: isTaken, type: MediaType.ociManifest, document: document)
  }

  private func seenInAnEmptyStoreOnly() -> Self {
    var image = self
    image.isSeenInAnyStore = false
    return image
  }

  static let all: [OddImage] = indexes + manifests + configurations
}

extension OddImage {
  private static let indexes: [OddImage] = [
    index("empty platform beside a good one", true) {
      $0.index($0.whole, $0.entry($0.other.manifest.descriptor, #","platform":{}"#))
    },
    index("empty platform alone", false) { $0.index($0.entry(#","platform":{}"#)) },
    index("null platform", true) { $0.index($0.entry(#","platform":null"#)) },
    index("no platform, another's image first", false) {
      $0.index($0.entry($0.other.manifest.descriptor), $0.entry())
    },
    index("empty operating system", true) {
      $0.index($0.entry(#","platform":{"os":"","architecture":"\#(Platform.host.architecture)"}"#))
    },
    index("no platform, and none in the configuration", false) { parts in
      let config = try parts.config("")
      return parts.index(parts.add(parts.manifest(config: config), MediaType.ociManifest))
    },
    index("annotation that is null", true) {
      $0.index($0.entry(#","annotations":{"a":null},"platform":\#($0.platform)"#))
    },
    index("annotation that is a number", false) {
      $0.index($0.entry(#","annotations":{"a":1},"platform":\#($0.platform)"#))
    },
    index("another's size is text", false) {
      $0.index($0.whole, $0.entry($0.other.manifest.descriptor, #","platform":\#($0.otherPlatform)"#, size: #""7""#))
    },
    index("another's digest is missing", true) {
      $0.index($0.whole, #"{"mediaType":"\#(MediaType.ociManifest)","size":3,"platform":\#($0.otherPlatform)}"#)
    },
    index("another's digest is none", true) {
      $0.index(
        #"{"mediaType":"\#(MediaType.ociManifest)","digest":"sha256:x","size":3,"platform":\#($0.otherPlatform)}"#,
        $0.whole)
    },
    index("another's size is missing", true) {
      $0.index(
        #"{"digest":"\#($0.other.manifest.descriptor.digest)","platform":\#($0.otherPlatform)}"#, $0.whole)
    },
    index("own size is zero", false) {
      $0.index($0.entry($0.good.manifest.descriptor, #","platform":\#($0.platform)"#, size: "0"))
    }.seenInAnEmptyStoreOnly(),
    index("own type is missing", false) {
      $0.index($0.entry($0.good.manifest.descriptor, #","platform":\#($0.platform)"#, type: ""))
    },
    index("own type is no manifest's", false) {
      $0.index($0.entry($0.good.manifest.descriptor, #","platform":\#($0.platform)"#, type: "application/zip"))
    },
    index("platform that is text", false) {
      $0.index($0.whole, $0.entry($0.other.manifest.descriptor, #","platform":"linux/s390x""#))
    },
    index("entry that is null first", true) { $0.index("null", $0.whole) },
    index("entry that is text", false) { $0.index(#""x""#, $0.whole) },
    index("schema version that is text", false) {
      #"{"schemaVersion":"2","manifests":[\#($0.whole)]}"#
    },
    index("nothing but entries", true) { #"{"manifests":[\#($0.whole)]}"# },
    index("artifact type on an image", true) {
      $0.index($0.entry(#","artifactType":"application/x","platform":\#($0.platform)"#))
    },
    index("features that are text", false) {
      let platform = #"{"os":"linux","architecture":"\#(Platform.host.architecture)","os.features":"x"}"#
      return $0.index($0.entry(#","platform":\#(platform)"#))
    },
    index("null entries", false) { _ in #"{"schemaVersion":2,"manifests":null}"# },
    index("members of a manifest too", false) { $0.index($0.whole, more: #","config":{}"#) },
    index("a manifest in truth", false) { $0.manifest() },
    index("another's index first, none with a platform", false) {
      let other = $0.index($0.entry($0.other.manifest.descriptor, #","platform":\#($0.otherPlatform)"#))
      return $0.index($0.add(other, MediaType.ociIndex), $0.add($0.index($0.whole), MediaType.ociIndex))
    },
    index("own index first, none with a platform", true) {
      let other = $0.index($0.entry($0.other.manifest.descriptor, #","platform":\#($0.otherPlatform)"#))
      return $0.index($0.add($0.index($0.whole), MediaType.ociIndex), $0.add(other, MediaType.ociIndex))
    },
  ]

  private static let manifests: [OddImage] = [
    manifest("layers null", true) { parts in
      parts.manifest(config: try parts.config("", diffs: "null"), layers: "null")
    },
    manifest("the same layer twice", true) { parts in
      let id = try ImageConfig(parsing: parts.good.config.bytes).rootfs.diffIDs[0]
      let layer = parts.entry(parts.good.layers[0].descriptor)
      return parts.manifest(
        config: try parts.config("", diffs: #"["\#(id)","\#(id)"]"#), layers: "[\(layer),\(layer)]")
    },
    manifest("media type of its own that is another's", true) {
      #"{"mediaType":"application/json","config":\#($0.entry($0.good.config.descriptor)),"layers":[\#($0.entry($0.good.layers[0].descriptor))]}"#
    },
    manifest("configuration of another type", true) {
      $0.manifest(config: $0.entry($0.good.config.descriptor, type: "application/json"))
    },
    manifest("configuration without a type", true) {
      $0.manifest(config: $0.entry($0.good.config.descriptor, type: ""))
    },
    manifest("annotations null", true) { $0.manifest(more: #","annotations":null,"urls":null"#) },
    manifest("annotation that is a number", false) { $0.manifest(more: #","annotations":{"a":1}"#) },
    manifest("artifact type on an image", true) { $0.manifest(more: #","artifactType":"application/x""#) },
    manifest("layer of an unknown type", false) {
      $0.manifest(layers: "[\($0.entry($0.good.layers[0].descriptor, type: "application/x-foo"))]")
    }.seenInAnEmptyStoreOnly(),
    manifest("layer without a size", false) {
      $0.manifest(layers: "[\($0.entry($0.good.layers[0].descriptor, size: "0"))]")
    }.seenInAnEmptyStoreOnly(),
    manifest("addresses that are text", false) {
      $0.manifest(layers: "[\($0.entry($0.good.layers[0].descriptor, #","urls":"http://x""#))]")
    },
    manifest("an index in truth", false) { $0.index($0.whole) },
    manifest("no JSON", false) { _ in "manifest" },
    manifest("text after the end", false) { $0.manifest() + " x" },
    manifest("byte order mark", false) { "\u{feff}" + $0.manifest() },
    manifest("empty artifact", false) {
      let empty = $0.add("{}", MediaType.ociEmpty)
      return $0.manifest(config: empty, layers: "[\(empty)]")
    },
    manifest("signature", false) {
      $0.manifest(layers: "[\($0.add(#"{"critical":{}}"#, "application/vnd.dev.cosign.simplesigning.v1+json"))]")
    }.seenInAnEmptyStoreOnly(),
    manifest("chart", false) {
      $0.manifest(
        config: $0.add(#"{"name":"x"}"#, "application/vnd.cncf.helm.config.v1+json"),
        layers: "[\($0.add("chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"))]")
    },
  ]

  private static let configurations: [OddImage] = [
    manifest("no platform", true) { $0.manifest(config: try $0.config("")) },
    manifest("empty platform", true) {
      $0.manifest(config: try $0.config(#""os":"","architecture":"","variant":null"#))
    },
    manifest("time null", true) { $0.manifest(config: try $0.config(#""created":null"#)) },
    manifest("time that is none", false) { $0.manifest(config: try $0.config(#""created":"yesterday""#)) },
    manifest("time that is empty", false) { $0.manifest(config: try $0.config(#""created":"""#)) },
    manifest("null container configuration", true) { $0.manifest(config: try $0.config(#""config":null"#)) },
    manifest("variable that is a number", false) { $0.manifest(config: try $0.config(#""config":{"Env":[1]}"#)) },
    manifest("variant that is a number", false) { $0.manifest(config: try $0.config(#""variant":8"#)) },
    manifest("fewer layers than the manifest", false) { $0.manifest(config: try $0.config("", diffs: "[]")) },
    manifest("no layers at all", false) {
      $0.manifest(
        config: $0.add(#"{"os":"linux","architecture":"\#(Platform.host.architecture)"}"#, MediaType.ociConfig))
    },
  ]
}
