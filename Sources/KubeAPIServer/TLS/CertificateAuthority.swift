package import Crypto
package import NIOSSL
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// A certificate authority of a sandbox or a test, made for each of them.
package struct CertificateAuthority: Sendable {
  private let key = P256.Signing.PrivateKey()
  private let certificate: Certificate
  /// The authority's own certificate, to be trusted by clients.
  package let authorityPEM: String

  package init(name: String = "Prepull sandbox authority") throws {
    let subject = try DistinguishedName { CommonName(name) }
    let key = Certificate.PrivateKey(self.key)
    certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: Date() - 3600,
      notValidAfter: Date() + 86_400, issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
      }, issuerPrivateKey: key)
    authorityPEM = try certificate.serializeAsPEM().pemString
  }

  /// A server's certificate with its key.
  package struct Identity: Sendable {
    package let key: P256.Signing.PrivateKey
    package let certificateDER: [UInt8]
    package let certificatePEM: String

    package var keyPEM: String { key.pemRepresentation }

    package var serverConfiguration: TLSConfiguration {
      get throws {
        .makeServerConfiguration(
          certificateChain: [.certificate(try NIOSSLCertificate(bytes: certificateDER, format: .der))],
          privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)))
      }
    }
  }

  /// Signs a certificate for a server; by default one for the loopback host, valid now.
  package func issue(
    names: [String] = ["localhost"], addresses: [[UInt8]] = [[127, 0, 0, 1]], from: Date = Date() - 3600,
    to: Date = Date() + 86_400
  ) throws -> Identity {
    try issue(
      subject: DistinguishedName { CommonName("sandbox server") }, usage: ExtendedKeyUsage([.serverAuth]),
      names: names.map { .dnsName($0) } + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) },
      from: from, to: to)
  }

  /// Signs a certificate for a client, as the API server reads it: the name is the user, organizations are groups.
  package func issueClient(
    name: String, groups: [String] = [], from: Date = Date() - 3600, to: Date = Date() + 86_400
  ) throws -> Identity {
    let subject = try DistinguishedName {
      for group in groups { OrganizationName(group) }
      CommonName(name)
    }
    return try issue(subject: subject, usage: ExtendedKeyUsage([.clientAuth]), names: [], from: from, to: to)
  }

  private func issue(
    subject: DistinguishedName, usage: ExtendedKeyUsage, names: [GeneralName], from: Date, to: Date
  ) throws -> Identity {
    let key = P256.Signing.PrivateKey()
    let leaf = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: Certificate.PrivateKey(key).publicKey, notValidBefore: from,
      notValidAfter: to, issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        usage
        if !names.isEmpty { SubjectAlternativeNames(names) }
      }, issuerPrivateKey: .init(self.key))
    var serializer = DER.Serializer()
    try serializer.serialize(leaf)
    return Identity(
      key: key, certificateDER: serializer.serializedBytes, certificatePEM: try leaf.serializeAsPEM().pemString)
  }
}
