/// A content digest, `algorithm:hex`, as the OCI image specification defines it (descriptor.md, "Digests").
package struct Digest: Hashable, Sendable {
  /// The registered algorithms. Both must be accepted by an implementation that stores content.
  package enum Algorithm: String, Sendable, CaseIterable {
    case sha256
    case sha512

    /// Length of the encoded digest in hexadecimal characters.
    package var encodedLength: Int {
      switch self {
      case .sha256: 64
      case .sha512: 128
      }
    }
  }

  package let algorithm: Algorithm
  /// The digest in lower-case hexadecimal, `algorithm.encodedLength` characters.
  package let encoded: String

  /// Parses `sha256:…` or `sha512:…`.
  package init(parsing text: some StringProtocol) throws(DigestError) {
    guard let colon = text.firstIndex(of: ":") else {
      throw DigestError(text: String(text), reason: "it has no algorithm; write sha256:<64 hex digits>")
    }
    let name = String(text[..<colon])
    let encoded = String(text[text.index(after: colon)...])
    guard let algorithm = Algorithm(rawValue: name) else {
      throw DigestError(text: String(text), reason: "algorithm '\(name)' is not sha256 or sha512")
    }
    guard encoded.utf8.count == algorithm.encodedLength else {
      throw DigestError(
        text: String(text),
        reason: "\(name) has \(algorithm.encodedLength) hex digits, this has \(encoded.utf8.count)")
    }
    guard encoded.utf8.allSatisfy({ Self.isLowerHex($0) }) else {
      throw DigestError(text: String(text), reason: "only the digits 0-9 and a-f in lower case may follow '\(name):'")
    }
    self.algorithm = algorithm
    self.encoded = encoded
  }

  /// A digest from the raw bytes that a hash function gave; the number of bytes tells the algorithm.
  ///
  /// - Precondition: 32 or 64 bytes.
  package init(bytes: some Sequence<UInt8>) {
    let hex = Array("0123456789abcdef".utf8)
    var encoded: [UInt8] = []
    encoded.reserveCapacity(128)
    for byte in bytes {
      encoded.append(hex[Int(byte >> 4)])
      encoded.append(hex[Int(byte & 15)])
    }
    precondition(encoded.count == 64 || encoded.count == 128, "a digest has 32 or 64 bytes")
    self.algorithm = encoded.count == 64 ? .sha256 : .sha512
    self.encoded = String(decoding: encoded, as: UTF8.self)
  }

  /// The first 12 hex digits, enough for a person to tell images apart.
  package var short: String { String(encoded.prefix(12)) }

  static func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}

extension Digest: CustomStringConvertible {
  package var description: String { "\(algorithm.rawValue):\(encoded)" }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      try self.init(parsing: try container.decode(String.self))
    } catch let error as DigestError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A text that is no digest, and why.
package struct DigestError: Error, Hashable, Sendable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String { "'\(text)' is not a digest: \(reason)" }
}
