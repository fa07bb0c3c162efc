import Crypto
import NIOSSL
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The certificate of one replica, which it makes when it starts: a leaf under an authority of its own, whose key is
/// forgotten as soon as it has signed that. The leaf's key never leaves the memory.
///
/// So whoever trusts the authority trusts this replica under these names, and nobody can make it sign more.
struct ReplicaCertificate: Sendable {
  /// Of the authority: what agents are to trust.
  let pem: String
  let tls: TLSConfiguration

  /// - Parameter names: of the service that agents ask.
  init(names: [String], now: Date = Date()) throws {
    // Clocks of nodes may be off by a day. The key ends with the process, and no process is to outlive its certificate.
    let (begin, end) = (now - 2 * 86_400, now + 3650 * 86_400)
    let root = Certificate.PrivateKey(P256.Signing.PrivateKey())
    // Agents trust those of all replicas, and tell them apart by their names.
    let authority = try DistinguishedName { CommonName("prepull-controller \(UUID().uuidString)") }
    let issuer = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: root.publicKey, notValidBefore: begin, notValidAfter: end,
      issuer: authority, subject: authority, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
      }, issuerPrivateKey: root)
    let key = P256.Signing.PrivateKey()
    let leaf = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: Certificate.PrivateKey(key).publicKey, notValidBefore: begin,
      notValidAfter: end, issuer: authority, subject: try DistinguishedName { CommonName("prepull-controller") },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names.map { .dnsName($0) })
      }, issuerPrivateKey: root)
    pem = try issuer.serializeAsPEM().pemString
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(try leaf.serializeAsPEM().pemString.utf8))
    tls = .makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
  }
}
