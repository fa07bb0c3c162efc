import Documents
package import ImageModel
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension RegistryClient {
  /// What a reference points at now: an index or a manifest.
  ///
  /// Costs one HEAD, which registries do not count as a pull. Where HEAD does not tell all (and on 404, as only GET
  /// brings the registry's reason) the manifest is fetched. The digest is the registry's word until something is
  /// fetched by it.
  package func resolve(_ reference: Reference) async throws -> Descriptor {
    if let descriptor = try await head(reference) { return descriptor }
    return try await manifest(reference.identifier, of: reference).document.descriptor
  }

  /// The image that a reference stands for on a platform.
  ///
  /// - Parameter descriptor: what `resolve` gave, if it was called; the image is then fetched by that digest.
  package func image(
    _ reference: Reference, platform: Platform, descriptor: Descriptor? = nil
  ) async throws -> ResolvedImage {
    let identifier = descriptor?.digest.description ?? reference.identifier
    let (root, rateLimit) = try await manifest(identifier, expected: descriptor, of: reference)
    return try await attempting("find the image for \(platform) in", "\(reference)") {
      var documents = [root]
      var chosen = root.descriptor
      while MediaType.isIndex(chosen.mediaType), documents.count < 4 {
        let index = try Self.decode(Index.self, documents[documents.count - 1])
        guard let best = platform.best(in: index.images) else {
          let there = index.images.compactMap { $0.platform.map { "\($0)" } }.joined(separator: ", ")
          throw Problem(.noPlatform, there.isEmpty ? "it holds no image" : "it has images for \(there) only")
        }
        _ = try Self.supported(best.mediaType)
        documents.append(try await document(best, of: reference))
        chosen = best
      }
      let manifest = try Self.decode(Manifest.self, documents[documents.count - 1])
      var found = chosen.platform
      if found == nil, [MediaType.ociConfig, MediaType.dockerConfig].contains(manifest.config.mediaType) {
        let config = try await document(manifest.config, of: reference)
        documents.append(config)
        let own = try Self.decode(ImageConfig.self, config).platform
        guard platform.runs(own) else { throw Problem(.noPlatform, "it is an image for \(own)") }
        found = own
      }
      return ResolvedImage(
        reference: reference, descriptor: root.descriptor, platform: found ?? platform, manifestDescriptor: chosen,
        manifest: manifest, documents: documents, rateLimit: rateLimit)
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
            guard let digest = try reference.digest ?? Self.digest(in: response), let size = response.length,
              !["", "application/json", "text/plain", "text/html", "application/octet-stream"].contains(type)
            else { return nil }
            guard size <= Self.largestDocument else {
              throw Problem(.tooLarge, "its manifest has \(size) bytes, more than the 4 MiB allowed")
            }
            return Descriptor(mediaType: try Self.supported(type), digest: digest, size: size)
          }
        } catch let problem as Problem where problem.status == 404 || problem.status == 405 {
          return nil
        }
      }
    }
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ document: Document) throws(Problem) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(document.bytes))
    } catch {
      throw Problem(.fault, "its \(type) \(document.descriptor.digest) cannot be read: \(Self.explain(error))")
    }
  }

  /// Where in a document the decoder gave up, and why.
  private static func explain(_ error: any Error) -> String {
    let context: DecodingError.Context? =
      switch error {
      case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
        DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
        context
      default: nil
      }
    guard let context else { return "it is not JSON" }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return ForeignText.clean((path.isEmpty ? "" : "\(path): ") + context.debugDescription)
  }
}
