import Crypto
import Logging
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The certificate that the page is served with: that of two files, read again when they change, or one that this process
/// makes for itself. A handshake takes the newest.
final class PageCertificate: Sendable {
  /// Where a certificate and its key lie, in PEM.
  struct Files: Hashable, Sendable {
    let certificate: String
    let key: String
  }

  /// Why files cannot be used, with the remedy.
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  private struct Material: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    /// Of the leaf: SHA-256, as browsers show it.
    let fingerprint: String
    let texts: [[UInt8]]
    /// When it is made anew; nil for one of files.
    let renewal: Date?
  }

  private static let life = 365 * 86_400.0
  private static let interval = Duration.seconds(10)

  private let files: Files?
  private let names: [String]
  private let material: Mutex<Material>

  /// - Parameters:
  ///   - files: nil for a certificate of its own.
  ///   - names: what people may call the host, for that one.
  /// - Throws: `Problem`.
  init(_ files: Files?, names: [String], now: Date = Date()) throws {
    self.files = files
    self.names = names
    material = Mutex(try files.map { try Self.read($0) } ?? Self.make(names, now: now))
  }

  var fingerprint: String { material.withLock { $0.fingerprint } }

  var tls: TLSConfiguration {
    let now = material.withLock { $0 }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: now.chain.map { .certificate($0) }, privateKey: .privateKey(now.key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.sslContextCallback = { [self] _, promise in
      let newest = material.withLock { $0 }
      var change = NIOSSLContextConfigurationOverride()
      change.certificateChain = newest.chain.map { .certificate($0) }
      change.privateKey = .privateKey(newest.key)
      promise.succeed(change)
    }
    return configuration
  }

  /// Looks for a newer certificate time and again, until the task is cancelled. One that cannot be used is told of, and
  /// the last good one stays.
  func keep(_ logger: Logger) async {
    var last: String?
    while (try? await Task.sleep(for: Self.interval)) != nil {
      do {
        guard try refresh(now: Date()) else { continue }
        last = nil
        logger.info("the page has another certificate", metadata: ["sha256": "\(fingerprint)"])
      } catch {
        let text = "\(error)"
        if text != last {
          logger.warning("the page keeps its last certificate", metadata: ["error": "\(text)"])
        }
        last = text
      }
    }
  }

  /// - Returns: whether there is another one.
  func refresh(now: Date) throws -> Bool {
    let old = material.withLock { $0 }
    let new: Material
    if let files {
      new = try Self.read(files, unless: old)
    } else {
      guard let renewal = old.renewal, now >= renewal else { return false }
      new = try Self.make(names, now: now)
    }
    guard new.texts != old.texts else { return false }
    material.withLock { $0 = new }
    return true
  }

  // MARK: Files

  private static func read(_ files: Files, unless old: Material? = nil) throws -> Material {
    func bytes(_ path: String, _ option: String) throws -> [UInt8] {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw Problem(description: "\(path) cannot be read: check \(option)")
      }
      return Array(data)
    }
    let texts = [try bytes(files.certificate, "--tls-cert"), try bytes(files.key, "--tls-key")]
    if let old, old.texts == texts { return old }
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMBytes(texts[0])
    } catch {
      throw Problem(description: "\(files.certificate) has no certificate in PEM form")
    }
    guard let leaf = chain.first else {
      throw Problem(description: "\(files.certificate) has no certificate in PEM form")
    }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(bytes: texts[1], format: .pem)
    } catch {
      throw Problem(description: "\(files.key) has no private key in PEM form")
    }
    // That they belong together is found out here, not by the first who connects.
    do {
      _ = try NIOSSLContext(
        configuration: .makeServerConfiguration(
          certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
    } catch {
      throw Problem(description: "\(files.key) is not the key of the certificate in \(files.certificate)")
    }
    return Material(chain: chain, key: key, fingerprint: try fingerprint(of: leaf), texts: texts, renewal: nil)
  }

  // MARK: Its own

  /// The key never leaves the memory.
  private static func make(_ names: [String], now: Date) throws -> Material {
    let key = P256.Signing.PrivateKey()
    let signer = Certificate.PrivateKey(key)
    let subject = try DistinguishedName { CommonName("prepull-dashboard") }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: signer.publicKey, notValidBefore: now - 86_400,
      notValidAfter: now + life, issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(
          names.map { .dnsName($0) } + [.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))])
      }, issuerPrivateKey: signer)
    let text = Array(try certificate.serializeAsPEM().pemString.utf8)
    let chain = try NIOSSLCertificate.fromPEMBytes(text)
    guard let leaf = chain.first else { throw Problem(description: "the certificate cannot be made") }
    return Material(
      chain: chain, key: try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem),
      fingerprint: try fingerprint(of: leaf), texts: [text], renewal: now + life - 30 * 86_400)
  }

  private static func fingerprint(of certificate: NIOSSLCertificate) throws -> String {
    SHA256.hash(data: try certificate.toDERBytes()).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return digits.count == 1 ? "0\(digits)" : digits
    }.joined(separator: ":")
  }
}
