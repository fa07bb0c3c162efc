package import Documents

/// Points at content: its type, digest and size. Source: OCI image specification, descriptor.md.
package struct Descriptor: Codable, Hashable, Sendable {
  package var mediaType: String
  package var digest: Digest
  /// Size of the content in bytes.
  package var size: Int64
  /// Where else the content may be had (foreign layers).
  package var urls: [String]?
  package var annotations: [String: String]?
  /// For an entry of an index: what the manifest runs on.
  package var platform: Platform?
  package var artifactType: String?

  package init(
    mediaType: String, digest: Digest, size: Int64, urls: [String]? = nil, annotations: [String: String]? = nil,
    platform: Platform? = nil, artifactType: String? = nil
  ) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
    self.urls = urls
    self.annotations = annotations
    self.platform = platform
    self.artifactType = artifactType
  }
}

extension Descriptor: ImageDocument {
  package init(_ json: JSON) throws(DocumentFault) {
    try self.init(Fields(json))
  }

  init(_ fields: Fields) throws(DocumentFault) {
    self = try WrittenDescriptor(fields).descriptor.get()
  }
}

/// A descriptor as a document has it, which may point at nothing that can be fetched.
struct WrittenDescriptor {
  let platform: Platform?
  let descriptor: Result<Descriptor, DocumentFault>

  init(_ fields: Fields) throws(DocumentFault) {
    platform = try fields.fields("platform").map { fields throws(DocumentFault) in try Platform(fields) }
    if let data = try fields.text("data"), !Self.isBase64(data) {
      throw DocumentFault(description: "'\(fields.place("data"))' is not base64")
    }
    let (text, size) = (try fields.text("digest") ?? "", try fields.integer("size") ?? 0)
    let digest: Digest
    do throws(DigestError) {
      digest = try Digest(parsing: text)
    } catch {
      let place = fields.place("digest")
      descriptor = .failure(
        DocumentFault(description: text.isEmpty ? "'\(place)' is missing" : "'\(place)': \(error)"))
      // What is read for its form only.
      _ = (try fields.text("mediaType"), try fields.texts("urls"), try fields.textsByName("annotations"))
      return
    }
    let read = Descriptor(
      mediaType: try fields.text("mediaType") ?? "", digest: digest, size: size, urls: try fields.texts("urls"),
      annotations: try fields.textsByName("annotations"), platform: platform,
      artifactType: try fields.text("artifactType"))
    descriptor =
      (1...Self.largest).contains(size)
      ? .success(read) : .failure(DocumentFault(description: "'\(fields.place("size"))' is \(size)"))
  }

  /// 256 TiB, more than any disk holds: the sizes of as many blobs as a document may name can be added up.
  private static let largest: Int64 = 1 << 48

  private static func isBase64(_ text: String) -> Bool {
    let digits = text.utf8.filter { $0 != 0x0a && $0 != 0x0d }
    let body = digits.prefix { $0 != UInt8(ascii: "=") }
    guard digits.count % 4 == 0, digits.count - body.count <= 2 else { return false }
    return digits[body.count...].allSatisfy { $0 == UInt8(ascii: "=") }
      && body.allSatisfy { byte in
        let character = Character(Unicode.Scalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber) || character == "+" || character == "/"
      }
  }
}
