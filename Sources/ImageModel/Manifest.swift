package import Documents

/// An image manifest (OCI, or Docker schema 2): a configuration and the layers. Source: manifest.md.
package struct Manifest: Codable, Hashable, Sendable {
  package var schemaVersion: Int
  package var mediaType: String?
  package var artifactType: String?
  package var config: Descriptor
  /// From the base layer up.
  package var layers: [Descriptor]
  package var annotations: [String: String]?

  package init(mediaType: String? = MediaType.ociManifest, config: Descriptor, layers: [Descriptor]) {
    self.schemaVersion = 2
    self.mediaType = mediaType
    self.config = config
    self.layers = layers
  }

  /// Every blob that the image needs, each digest once.
  package var blobs: [Descriptor] {
    var seen: Set<Digest> = []
    return ([config] + layers).filter { seen.insert($0.digest).inserted }
  }

  /// Bytes on the wire: configuration and layers as the registry stores them.
  package var compressedSize: Int64 { blobs.reduce(0) { $0 + $1.size } }
}

extension Manifest: ImageDocument {
  package init(_ json: JSON) throws(DocumentFault) {
    let fields = try Fields(json)
    schemaVersion = Int(clamping: try fields.integer("schemaVersion") ?? 0)
    mediaType = try fields.text("mediaType")
    artifactType = try fields.text("artifactType")
    annotations = try fields.textsByName("annotations")
    _ = try fields.fields("subject")
    if fields.has("fsLayers") {
      throw DocumentFault(description: "it is of Docker's schema 1, which is out of use")
    }
    guard !fields.has("manifests"), !(mediaType.map(MediaType.isIndex) ?? false) else {
      throw DocumentFault(description: "its media type is a manifest's, and the document is an index: they disagree")
    }
    guard let config = try fields.fields("config") else { throw DocumentFault(description: "'config' is missing") }
    self.config = try Descriptor(config)
    layers =
      try fields.list("layers") { value, place throws(DocumentFault) in try Descriptor(Fields(value, at: place)) }
      ?? []
  }
}

extension Manifest {
  /// What it is where its types say that it is no image: `a Helm chart`; nil where they do not.
  ///
  /// Runtimes take configurations of any type, so an unknown one alone says nothing: what it holds does.
  package var artifactKind: String? {
    let types = [artifactType, config.mediaType].compactMap(\.self) + layers.map(\.mediaType)
    func has(_ part: String) -> Bool { types.contains { $0.lowercased().contains(part) } }
    let isImage = MediaType.isConfig(config.mediaType) && layers.allSatisfy { MediaType.isLayer($0.mediaType) }
    guard !isImage else { return nil }
    if has("vnd.cncf.helm.") { return "a Helm chart" }
    if has("wasm") { return "a WebAssembly module" }
    if has("cosign") || has("notary") || has("sigstore") { return "a signature" }
    if has("in-toto") || has("spdx") || has("cyclonedx") { return "an attestation" }
    if config.mediaType == MediaType.ociEmpty { return "an artifact" }
    return !layers.isEmpty && layers.allSatisfy { !MediaType.isLayer($0.mediaType) } ? "an artifact" : nil
  }

  /// The type by which an artifact is known.
  package var kindType: String {
    if let artifactType { return artifactType }
    guard MediaType.isConfig(config.mediaType) || config.mediaType == MediaType.ociEmpty else {
      return config.mediaType
    }
    return layers.first?.mediaType ?? config.mediaType
  }
}
