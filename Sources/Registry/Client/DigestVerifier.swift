import Crypto
package import ImageModel
package import NIOCore

/// Adds up content as it comes, and tells whether it is what a descriptor promises.
package struct DigestVerifier {
  private enum Hash {
    case sha256(SHA256)
    case sha512(SHA512)
  }

  private let descriptor: Descriptor
  private var hash: Hash
  /// Bytes added so far.
  package private(set) var count: Int64 = 0

  package init(_ descriptor: Descriptor) {
    self.descriptor = descriptor
    switch descriptor.digest.algorithm {
    case .sha256: hash = .sha256(SHA256())
    case .sha512: hash = .sha512(SHA512())
    }
  }

  package mutating func update(_ buffer: ByteBuffer) {
    buffer.withUnsafeReadableBytes { update($0) }
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count += Int64(bytes.count)
    switch hash {
    case .sha256(var value):
      hash = .sha256(SHA256())  // the only reference must be the one that is changed
      value.update(bufferPointer: bytes)
      hash = .sha256(value)
    case .sha512(var value):
      hash = .sha512(SHA512())
      value.update(bufferPointer: bytes)
      hash = .sha512(value)
    }
  }

  /// Throws unless exactly the content of the descriptor was added.
  package func verify(of reference: Reference) throws(RegistryError) {
    guard let problem = mismatch else { return }
    throw RegistryError(problem, operation: "verify", subject: "\(descriptor.digest) of \(reference)")
  }

  /// What is wrong with the content, or `nil` if nothing is.
  var mismatch: RegistryProblem? {
    guard count == descriptor.size else {
      return RegistryProblem(.digestMismatch, "the content has \(count) bytes instead of \(descriptor.size)")
    }
    let digest =
      switch hash {
      case .sha256(let value): ImageModel.Digest(bytes: value.finalize())
      case .sha512(let value): ImageModel.Digest(bytes: value.finalize())
      }
    guard digest == descriptor.digest else {
      return RegistryProblem(.digestMismatch, "the content has the digest \(digest)")
    }
    return nil
  }
}

extension DigestVerifier {
  /// The descriptor of content, without a type.
  package static func descriptor(of bytes: [UInt8]) -> Descriptor {
    Descriptor(
      mediaType: "", digest: ImageModel.Digest(bytes: SHA256.hash(data: bytes)), size: Int64(bytes.count))
  }
}
