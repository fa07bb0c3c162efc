import ImageModel

extension Layout {
  /// An image of the layout whose every blob is there.
  struct Image {
    /// What the reference points at.
    let top: Descriptor
    let manifestDescriptor: Descriptor
    let manifest: Manifest

    func runtimeImage(_ references: [String]) -> RuntimeImage {
      let digests = top.digest == manifestDescriptor.digest ? [top.digest] : [top.digest, manifestDescriptor.digest]
      return RuntimeImage(
        id: manifest.config.digest.description, references: references, digests: digests,
        sizeBytes: manifest.compressedSize)
    }
  }

  /// The image that a descriptor leads to on `platform`; `nil` when a part of it is missing.
  func image(_ top: Descriptor, platform: Platform) -> Image? {
    var descriptor = top
    // An index may point at an index; nobody goes deeper than this.
    for _ in 0..<4 {
      guard MediaType.isIndex(descriptor.mediaType) else { break }
      guard let index: Index = document(descriptor), let best = try? platform.choice(in: index) else { return nil }
      descriptor = best
    }
    guard let image = complete(descriptor, of: top) else { return nil }
    // What no index gives a platform tells it in the configuration only.
    if descriptor.platform == nil, let config: ImageConfig = document(image.manifest.config) {
      return config.suits(platform, isAlone: descriptor.digest == top.digest) ? image : nil
    }
    return image
  }

  /// The image for `platform`, or else the first one that is there for any other.
  func anyImage(_ top: Descriptor, preferring platform: Platform) -> Image? {
    if let image = image(top, platform: platform) { return image }
    guard MediaType.isIndex(top.mediaType) else { return complete(top, of: top) }
    guard let index: Index = document(top) else { return nil }
    return index.images.lazy.compactMap { complete($0, of: top) }.first
  }

  private func complete(_ descriptor: Descriptor, of top: Descriptor) -> Image? {
    guard MediaType.isManifest(descriptor.mediaType), let manifest: Manifest = document(descriptor),
      manifest.blobs.allSatisfy(has)
    else { return nil }
    return Image(top: top, manifestDescriptor: descriptor, manifest: manifest)
  }

  /// A document of the image model; one that cannot be read is as good as missing, and pulled again.
  private func document<Document: ImageDocument>(_ descriptor: Descriptor) -> Document? {
    guard has(descriptor), let bytes = try? read(blob(descriptor.digest)) else { return nil }
    return try? Document(parsing: bytes)
  }
}
