import Crypto
import Documents
package import ImageModel
import NIOHTTP1

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
          let bytes = try await Self.collect(response)
          try Self.check(bytes, descriptor)
          return bytes
        }
        return Document(descriptor: descriptor, bytes: bytes)
      }
    }
  }

  /// Fetches what a reference points at now, or the digest that it is known to point at, and what the registry lets us
  /// pull if it tells: one GET.
  ///
  /// Of what a HEAD said of it nothing but the digest is believed.
  package func root(
    _ reference: Reference, at digest: ImageModel.Digest? = nil
  ) async throws -> (document: Document, rateLimit: RateLimit?) {
    try await manifest(digest?.description ?? reference.identifier, of: reference)
  }

  /// Fetches an index or a manifest by tag or digest.
  ///
  /// - Parameter expected: the entry of an index that led to it; its digest and size are checked.
  func manifest(
    _ identifier: String, expected: Descriptor? = nil, of reference: Reference
  ) async throws -> (document: Document, rateLimit: RateLimit?) {
    try await retrying {
      try await attempting("fetch the manifest of", "\(reference)") {
        if let expected { try Self.checkSize(expected) }
        let call = Call(item: "manifests/\(identifier)", headers: ["Accept": Self.accept])
        return try await ask(call, of: reference) { response in
          let bytes = try await Self.collect(response)
          let descriptor: Descriptor
          var vagueType: String?
          if let expected {
            descriptor = expected
          } else {
            let (type, isVague) = try Self.mediaType(of: response, bytes)
            if isVague {
              vagueType = response.headers.first(name: "Content-Type").map { String($0.prefix { $0 != ";" }) } ?? ""
            }
            let promised = try (try? ImageModel.Digest(parsing: identifier)) ?? Self.digest(in: response)
            let digest = promised ?? ImageModel.Digest(bytes: SHA256.hash(data: bytes))
            descriptor = Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
          }
          try Self.check(bytes, descriptor)
          return (Document(descriptor: descriptor, bytes: bytes, vagueType: vagueType), RateLimit(response.headers))
        }
      }
    }
  }

  static let accept = MediaType.manifests.joined(separator: ", ")

  /// The digest that a registry names in its answer.
  static func digest(in response: RegistryTransport.Response) throws -> ImageModel.Digest? {
    let header = response.headers.first(name: "Docker-Content-Digest") ?? ""
    let text = header.filter { !$0.isWhitespace }
    guard !text.isEmpty else { return nil }
    guard let digest = try? ImageModel.Digest(parsing: text) else {
      throw RegistryProblem(.fault, "\(response.host) names a digest that is none: \(ForeignText.clean(text))")
    }
    return digest
  }

  /// The type of a manifest: what the answer says, or what the document says where the answer is vague.
  private static func mediaType(
    of response: RegistryTransport.Response, _ bytes: [UInt8]
  ) throws -> (type: String, isVague: Bool) {
    let header = response.headers.first(name: "Content-Type") ?? ""
    if ServerText.isHTML(bytes, type: header) {
      throw RegistryProblem(
        .fault, "\(response.host) answered with an HTML page",
        remedy: "Is this the address of a registry? A proxy or a login page may be in front of it.")
    }
    let stated = essence(header)
    // Runtimes look at capitals too.
    guard isVague(stated) else { return (try supported(stated), !header.hasPrefix(stated)) }
    guard let outline = try? JSON(parsing: bytes), outline.object != nil else {
      throw RegistryProblem(.fault, "\(response.host) answered with something that is no manifest")
    }
    let guess =
      outline["schemaVersion"]?.integer == 1
      ? "application/vnd.docker.distribution.manifest.v1+json"
      : outline["manifests"]?.array == nil ? MediaType.ociManifest : MediaType.ociIndex
    return (try supported(outline["mediaType"]?.string ?? guess), true)
  }

  /// Whether an answer's type says nothing about the kind of manifest.
  static func isVague(_ type: String) -> Bool {
    ["", "application/json", "text/plain", "text/html", "application/octet-stream"].contains(type)
  }

  /// A media type without its parameters.
  static func essence(_ header: String) -> String {
    String(header.prefix { $0 != ";" }.filter { !$0.isWhitespace }).lowercased()
  }

  static func supported(_ type: String) throws(RegistryProblem) -> String {
    if MediaType.isIndex(type) || MediaType.isManifest(type) { return type }
    guard !type.isEmpty else { throw RegistryProblem(.unsupportedMediaType, "it has no media type") }
    let name = ForeignText.clean(type)
    let what = MediaType.isSchema1(type) ? "Docker's schema 1, which is out of use" : "no image manifest known here"
    throw RegistryProblem(.unsupportedMediaType, "its media type is \(name): \(what)")
  }

  /// The whole body of an answer. Words of stores that are no codings, as S3's `aws-chunked`, say nothing of the body.
  private static func collect(_ response: RegistryTransport.Response) async throws -> [UInt8] {
    let coding = response.headers["Content-Encoding"].joined(separator: ", ").lowercased()
    let codings = coding.split { $0 == "," || $0.isWhitespace }
    guard codings.allSatisfy({ !["gzip", "x-gzip", "deflate", "br", "zstd", "compress"].contains($0) }) else {
      throw RegistryProblem(
        .fault, "\(response.host) sends it with the content coding \(coding), which was not asked for",
        remedy: "Have the proxy in front of the registry send what is asked for (Accept-Encoding: identity).")
    }
    return try await response.collect(upTo: largestDocument)
  }

  private static func checkSize(_ descriptor: Descriptor) throws(RegistryProblem) {
    guard descriptor.size <= Int64(largestDocument) else {
      throw RegistryProblem(
        .tooLarge, "it has \(descriptor.size) bytes, more than the \(largestDocument >> 20) MiB allowed")
    }
  }

  private static func check(_ bytes: [UInt8], _ descriptor: Descriptor) throws(RegistryProblem) {
    var verifier = DigestVerifier(descriptor)
    bytes.withUnsafeBytes { verifier.update($0) }
    if let mismatch = verifier.mismatch { throw mismatch }
  }
}
