package import Documents

/// An image index (OCI) or manifest list (Docker): one manifest per platform. Source: image-index.md.
package struct Index: Codable, Hashable, Sendable {
  package var schemaVersion: Int
  package var mediaType: String?
  package var manifests: [Descriptor]
  package var annotations: [String: String]?
  /// Entries that point at nothing that can be fetched. A runtime that needs none of them passes them over.
  private(set) var unusable: [UnusableEntry] = []

  private enum CodingKeys: String, CodingKey { case schemaVersion, mediaType, manifests, annotations }

  package init(
    mediaType: String? = MediaType.ociIndex, manifests: [Descriptor], annotations: [String: String]? = nil
  ) {
    self.schemaVersion = 2
    self.mediaType = mediaType
    self.manifests = manifests
    self.annotations = annotations
  }

  /// The images of the index, without attestations and other artifacts that run nowhere.
  package var images: [Descriptor] {
    manifests.filter { entry in
      guard let platform = entry.platform else {
        return entry.artifactType == nil && entry.annotations?["vnd.docker.reference.type"] == nil
      }
      return platform.isKnown
    }
  }

  /// The types of what it holds where none of it is an image: attestations, signatures.
  package var artifactTypes: [String]? {
    let isNoImage = { (entry: Descriptor) in
      entry.artifactType != nil || entry.annotations?["vnd.docker.reference.type"] != nil
        || entry.platform?.architecture == "unknown"
        || !(MediaType.isManifest(entry.mediaType) || MediaType.isIndex(entry.mediaType))
    }
    guard !manifests.isEmpty, unusable.isEmpty, manifests.allSatisfy(isNoImage) else { return nil }
    return Set(manifests.map { $0.artifactType ?? $0.mediaType }).sorted()
  }

  struct UnusableEntry: Hashable, Sendable {
    /// How many entries of `manifests` stand before it.
    let position: Int
    let platform: Platform?
    let fault: DocumentFault
  }
}

extension Index: ImageDocument {
  package init(_ json: JSON) throws(DocumentFault) {
    let fields = try Fields(json)
    schemaVersion = Int(clamping: try fields.integer("schemaVersion") ?? 0)
    mediaType = try fields.text("mediaType")
    annotations = try fields.textsByName("annotations")
    _ = try fields.fields("subject")
    guard !fields.has("config"), !fields.has("layers"), !(mediaType.map(MediaType.isManifest) ?? false) else {
      throw DocumentFault(description: "its media type is an index's, and the document is a manifest: they disagree")
    }
    manifests = []
    let entries = try fields.list("manifests") { value, place throws(DocumentFault) in
      try WrittenDescriptor(Fields(value, at: place))
    }
    for entry in entries ?? [] {
      switch entry.descriptor {
      case .success(let descriptor): manifests.append(descriptor)
      case .failure(let fault):
        unusable.append(UnusableEntry(position: manifests.count, platform: entry.platform, fault: fault))
      }
    }
  }

  /// Every entry in its place, usable or not.
  var entries: [(platform: Platform?, descriptor: Result<Descriptor, DocumentFault>)] {
    var rest = unusable[...]
    var entries: [(platform: Platform?, descriptor: Result<Descriptor, DocumentFault>)] = []
    for position in 0...manifests.count {
      while let entry = rest.first, entry.position == position {
        entries.append((entry.platform, .failure(entry.fault)))
        rest.removeFirst()
      }
      if position < manifests.count { entries.append((manifests[position].platform, .success(manifests[position]))) }
    }
    return entries
  }
}
