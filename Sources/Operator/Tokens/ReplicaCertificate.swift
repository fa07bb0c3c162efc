import Crypto
import NIOSSL
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The certificate of one replica, which it makes when it starts and signs itself; its key never leaves the memory.
///
/// It is no authority: whoever trusts it trusts this replica under these names, and nothing that it could sign.
struct ReplicaCertificate: Sendable {
  let pem: String
  let tls: TLSConfiguration

  /// - Parameter names: of the service that agents ask.
  init(names: [String], now: Date = Date()) throws {
    let key = P256.Signing.PrivateKey()
    let subject = try DistinguishedName { CommonName("prepull-controller") }
    let own = Certificate.PrivateKey(key)
    // Clocks of nodes may be off by a day.
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: own.publicKey, notValidBefore: now - 2 * 86_400,
      notValidAfter: now + 365 * 86_400, issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names.map { .dnsName($0) })
      }, issuerPrivateKey: own)
    pem = try certificate.serializeAsPEM().pemString
    tls = .makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
  }
}
