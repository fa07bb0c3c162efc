import Documents
package import ImageModel
import NIOHTTP1

extension RegistryClient {
  /// What a reference points at now: an index or a manifest.
  ///
  /// Costs one HEAD, which registries do not count as a pull. Where HEAD does not tell all, or is refused (as only GET
  /// brings the registry's reason, and some registries and proxies know no HEAD), the manifest is fetched. The digest is
  /// the registry's word until something is fetched by it, and so are type and size.
  package func resolve(_ reference: Reference) async throws -> Descriptor {
    if let descriptor = try await head(reference) { return descriptor }
    return try await root(reference).document.descriptor
  }

  /// The image that a reference stands for on a platform.
  ///
  /// - Parameter descriptor: what `resolve` gave, if it was called; the image is then fetched by that digest.
  package func image(
    _ reference: Reference, platform: Platform, descriptor: Descriptor? = nil
  ) async throws -> ResolvedImage {
    let (root, rateLimit) = try await root(reference, at: descriptor?.digest)
    return try await image(behind: root, of: reference, platform: platform, rateLimit: rateLimit)
  }

  /// The image for a platform behind what a reference points at: the one that containerd would take.
  ///
  /// containerd takes the best entry of an index, or the first one without a platform where none fits; such an entry is
  /// judged by the configuration that it leads to. It does not try a second one.
  /// - Throws: `RegistryError`: `noPlatform`, `artifact`, or `malformedImage` where runtimes cannot read a document.
  package func image(
    behind root: Document, of reference: Reference, platform: Platform, rateLimit: RateLimit? = nil
  ) async throws -> ResolvedImage {
    try await attempting("find the image for \(platform.fullName) in", "\(reference)") {
      var documents = [root]
      var chosen = root.descriptor
      var last: Index?
      while MediaType.isIndex(chosen.mediaType) {
        guard documents.count < Self.deepestIndex else {
          throw RegistryProblem(.malformedImage, "it has more than \(Self.deepestIndex) indexes within each other")
        }
        let document = documents[documents.count - 1]
        let index: Index = try Self.read(document)
        last = index
        guard let best = try Self.choice(platform, in: index, document) else { throw Self.lacking(index) }
        guard !best.mediaType.isEmpty else {
          throw RegistryProblem(.malformedImage, "the entry for \(platform) of its index has no media type")
        }
        _ = try Self.supported(best.mediaType)
        documents.append(try await self.document(best, of: reference))
        chosen = best
      }
      let manifest: Manifest = try Self.read(documents[documents.count - 1])
      var found = chosen.platform
      let config: (document: Document, value: ImageConfig)?
      do {
        config = try await self.config(of: manifest, isNeeded: found == nil, reference)
      } catch let problem as RegistryProblem where problem.code == .artifact && found == nil {
        // A signature that lies beside the images of other platforms.
        guard let last, last.images.contains(where: { $0.platform != nil }) else { throw problem }
        throw Self.lacking(last)
      }
      if let config {
        documents.append(config.document)
        if found == nil {
          guard config.value.suits(platform, isAlone: documents.count == 2) else {
            let own = config.value.platform
            throw RegistryProblem(
              .noPlatform, own.isKnown ? "it is an image for \(own)" : "its configuration names no platform")
          }
          found = config.value.platform.isKnown ? config.value.platform : nil
        }
      }
      return ResolvedImage(
        reference: reference, descriptor: root.descriptor, platform: found ?? platform, manifestDescriptor: chosen,
        manifest: manifest, documents: documents, rateLimit: rateLimit)
    }
  }

  /// The configuration of an image that was found; nil for one of a type that is no configuration's.
  package func config(of image: ResolvedImage) async throws -> ImageConfig? {
    try await attempting("read", "\(image.reference)") {
      if let document = image.documents.last, document.descriptor.digest == image.manifest.config.digest {
        return try Self.read(document)
      }
      return try await config(of: image.manifest, isNeeded: true, image.reference)?.value
    }
  }

  /// Manifest and configuration of a reference that points at no index.
  package func contents(
    of root: Document, _ reference: Reference
  ) async throws -> (manifest: Manifest, config: ImageConfig) {
    try await attempting("read", "\(reference)") {
      let manifest: Manifest = try Self.read(root)
      guard let config = try await config(of: manifest, isNeeded: true, reference) else {
        throw RegistryProblem(.malformedImage, "it has no configuration")
      }
      return (manifest, config.value)
    }
  }

  /// The index that a document is.
  package func index(_ document: Document, of reference: Reference) async throws -> Index {
    try await attempting("read", "\(reference)") { try Self.read(document) }
  }

  private static let deepestIndex = 8

  /// The configuration of a manifest where it is needed: to learn the platform, or whether this is an image at all.
  ///
  /// Runtimes take configurations of any media type; what makes an image is that it lists the layers.
  private func config(
    of manifest: Manifest, isNeeded: Bool, _ reference: Reference
  ) async throws -> (document: Document, value: ImageConfig)? {
    func artifact(_ kind: String) -> RegistryProblem {
      RegistryProblem(.artifact, "it is \(kind) (\(ForeignText.clean(manifest.kindType, limit: 80))) and no image")
    }
    if let layer = manifest.layers.firstIndex(where: { $0.mediaType.isEmpty }) {
      throw RegistryProblem(.malformedImage, "'layers[\(layer)].mediaType' of its manifest is missing")
    }
    if let kind = manifest.artifactKind { throw artifact(kind) }
    let hasImageType = MediaType.isConfig(manifest.config.mediaType)
    guard isNeeded || !hasImageType else { return nil }
    let document = try await document(manifest.config, of: reference)
    do {
      let config: ImageConfig = try Self.read(document)
      let (listed, layers) = (config.rootfs.diffIDs.count, manifest.layers.count)
      guard listed == layers else {
        throw RegistryProblem(
          .malformedImage, "its configuration lists \(listed) layers and its manifest \(layers)")
      }
      return (document, config)
    } catch let problem as RegistryProblem {
      throw hasImageType ? problem : artifact("an artifact")
    }
  }

  private func head(_ reference: Reference) async throws -> Descriptor? {
    try await retrying {
      try await attempting("resolve", "\(reference)") {
        let call = Call(
          method: .HEAD, item: "manifests/\(reference.identifier)", headers: ["Accept": Self.accept])
        do {
          return try await ask(call, of: reference) { response in
            let type = Self.essence(response.headers.first(name: "Content-Type") ?? "")
            let digest = reference.digest ?? (try? Self.digest(in: response)) ?? nil
            // No manifest is empty, and a length may come from a proxy before the registry.
            guard let digest, let size = response.length, (1...Int64(Self.largestDocument)).contains(size),
              !Self.isVague(type)
            else { return nil }
            return Descriptor(mediaType: try Self.supported(type), digest: digest, size: size)
          }
        } catch let problem as RegistryProblem where problem.isForGET {
          return nil
        }
      }
    }
  }

  private static func choice(
    _ platform: Platform, in index: Index, _ document: Document
  ) throws(RegistryProblem) -> Descriptor? {
    do throws(DocumentFault) {
      return try platform.choice(in: index)
    } catch {
      throw RegistryProblem(.malformedImage, "the entry for \(platform) of its index cannot be used: \(error)")
    }
  }

  private static func lacking(_ index: Index) -> RegistryProblem {
    let there = index.images.compactMap { $0.platform.map(\.normalized.fullName) }.joined(separator: ", ")
    guard there.isEmpty else { return RegistryProblem(.noPlatform, "it has images for \(there) only") }
    if let types = index.artifactTypes {
      let kinds = ForeignText.clean(types.joined(separator: ", "), limit: 120)
      return RegistryProblem(.artifact, "its index holds no image: \(kinds)")
    }
    return RegistryProblem(.noPlatform, index.manifests.isEmpty ? "it holds no image" : "its index names no platform")
  }

  private static func read<Value: ImageDocument>(_ document: Document) throws(RegistryProblem) -> Value {
    do throws(DocumentFault) {
      return try Value(parsing: document.bytes)
    } catch {
      let name = Value.self == ImageConfig.self ? "configuration" : "\(Value.self)".lowercased()
      throw RegistryProblem(
        .malformedImage, "its \(name) \(document.descriptor.digest) is not as runtimes read it: \(error)")
    }
  }
}
