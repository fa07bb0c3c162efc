import Crypto
import Documents
package import ImageModel
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension RegistryClient {
  /// Largest manifest, index or configuration that is fetched, in bytes; runtimes and registries have the same limit.
  package static let largestDocument = 4 << 20

  /// Fetches a manifest, an index or a configuration by its descriptor.
  package func document(_ descriptor: Descriptor, of reference: Reference) async throws -> Document {
    let type = descriptor.mediaType
    if MediaType.isIndex(type) || MediaType.isManifest(type) {
      return try await manifest(descriptor.digest.description, expected: descriptor, of: reference).document
    }
    return try await retrying {
      try await attempting("fetch \(descriptor.digest) of", "\(reference)") {
        try Self.checkSize(descriptor)
        let call = Call(item: "blobs/\(descriptor.digest)")
        let bytes = try await ask(call, of: reference) { response in
          let bytes = try await response.collect(upTo: Self.largestDocument)
          try Self.check(bytes, descriptor)
          return bytes
        }
        return Document(descriptor: descriptor, bytes: bytes)
      }
    }
  }

  /// Fetches what a reference points at now, and what the registry lets us pull if it tells: one GET.
  package func root(_ reference: Reference) async throws -> (document: Document, rateLimit: RateLimit?) {
    try await manifest(reference.identifier, of: reference)
  }

  /// Fetches an index or a manifest by tag or digest.
  ///
  /// - Parameter expected: what is known of it; its digest and size are checked.
  func manifest(
    _ identifier: String, expected: Descriptor? = nil, of reference: Reference
  ) async throws -> (document: Document, rateLimit: RateLimit?) {
    try await retrying {
      try await attempting("fetch the manifest of", "\(reference)") {
        if let expected { try Self.checkSize(expected) }
        let call = Call(item: "manifests/\(identifier)", headers: ["Accept": Self.accept])
        return try await ask(call, of: reference) { response in
          let bytes = try await response.collect(upTo: Self.largestDocument)
          let type = try Self.mediaType(of: response, bytes)
          let descriptor: Descriptor
          if let expected {
            descriptor = expected
          } else {
            let promised = try (try? ImageModel.Digest(parsing: identifier)) ?? Self.digest(in: response)
            let digest = promised ?? ImageModel.Digest(bytes: SHA256.hash(data: bytes))
            descriptor = Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
          }
          try Self.check(bytes, descriptor)
          return (Document(descriptor: descriptor, bytes: bytes), RateLimit(response.headers))
        }
      }
    }
  }

  static let accept = MediaType.manifests.joined(separator: ", ")

  /// The digest that a registry names in its answer.
  static func digest(in response: Transport.Response) throws -> ImageModel.Digest? {
    guard let text = response.headers.first(name: "Docker-Content-Digest") else { return nil }
    guard let digest = try? ImageModel.Digest(parsing: text) else {
      throw Problem(.fault, "\(response.host) names a digest that is none: \(ForeignText.clean(text))")
    }
    return digest
  }

  /// The type of a manifest: what the answer says, or what the document says where the answer is vague.
  private static func mediaType(of response: Transport.Response, _ bytes: [UInt8]) throws -> String {
    let header = response.headers.first(name: "Content-Type") ?? ""
    if ServerText.isHTML(bytes, type: header) {
      throw Problem(
        .fault, "\(response.host) answered with an HTML page",
        remedy: "Is this the address of a registry? A proxy or a login page may stand before it.")
    }
    let stated = Self.essence(header)
    guard ["", "application/json", "text/plain", "application/octet-stream"].contains(stated) else {
      return try supported(stated)
    }
    guard let outline = try? JSONDecoder().decode(Outline.self, from: Data(bytes)) else {
      throw Problem(.fault, "\(response.host) answered with something that is no manifest")
    }
    let guess =
      outline.schemaVersion == 1
      ? "application/vnd.docker.distribution.manifest.v1+json"
      : outline.manifests == nil ? MediaType.ociManifest : MediaType.ociIndex
    return try supported(outline.mediaType ?? guess)
  }

  /// A media type without its parameters.
  static func essence(_ header: String) -> String {
    String(header.prefix { $0 != ";" }.filter { !$0.isWhitespace }).lowercased()
  }

  static func supported(_ type: String) throws(Problem) -> String {
    if MediaType.isIndex(type) || MediaType.isManifest(type) { return type }
    let name = ForeignText.clean(type)
    let what = MediaType.isSchema1(type) ? "Docker's schema 1, which is out of use" : "no image manifest known here"
    throw Problem(.unsupportedMediaType, "its media type is \(name): \(what)")
  }

  /// What tells an index from a manifest.
  private struct Outline: Decodable {
    struct Anything: Decodable {
      init(from decoder: any Decoder) {}
    }
    var schemaVersion: Int?
    var mediaType: String?
    var manifests: [Anything]?
  }

  private static func checkSize(_ descriptor: Descriptor) throws(Problem) {
    guard descriptor.size <= Int64(largestDocument) else {
      throw Problem(.tooLarge, "it has \(descriptor.size) bytes, more than the \(largestDocument >> 20) MiB allowed")
    }
  }

  private static func check(_ bytes: [UInt8], _ descriptor: Descriptor) throws(Problem) {
    var verifier = DigestVerifier(descriptor)
    bytes.withUnsafeBytes { verifier.update($0) }
    if let mismatch = verifier.mismatch { throw mismatch }
  }
}
