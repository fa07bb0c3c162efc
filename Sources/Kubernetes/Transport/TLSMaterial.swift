import Networking
import NIOSSL
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The certificates and keys of a configuration, read again from their files from time to time.
final class TLSMaterial: Sendable {
  private struct Texts: Equatable {
    var authority: String?
    var certificate: String?
    var key: String?
  }

  private struct State {
    var texts = Texts()
    var readAt: ContinuousClock.Instant?
    var made: (texts: Texts, tls: TLSConfiguration)?
  }

  /// Rotated files are noticed after this time at the latest.
  private static let interval = Duration.seconds(60)

  private let settings: ClusterConfiguration.TLS
  private let user: String
  private let clock: SystemClock
  private let state = Mutex(State())

  /// Fails when the material is wrong or the client's certificate has expired.
  init(_ configuration: ClusterConfiguration, clock: SystemClock) throws(ConfigurationError) {
    settings = configuration.tls
    user = configuration.userName.map { " of the user '\($0)'" } ?? ""
    self.clock = clock
    _ = try current()
  }

  /// What to talk TLS with now; a certificate of an exec plugin wins over the configuration's.
  func current(_ credential: Credential = Credential()) throws(ConfigurationError) -> TLSConfiguration {
    let now = clock.now()
    let result = state.withLock { state -> Result<TLSConfiguration, ConfigurationError> in
      do throws(ConfigurationError) {
        if state.readAt.map({ now - $0 >= Self.interval }) ?? true {
          state.texts = try read()
          state.readAt = now
        }
        var texts = state.texts
        if let certificate = credential.certificate { (texts.certificate, texts.key) = (certificate, credential.key) }
        if let made = state.made, made.texts == texts { return .success(made.tls) }
        let tls = try make(texts)
        state.made = (texts, tls)
        return .success(tls)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func read() throws(ConfigurationError) -> Texts {
    Texts(
      authority: try settings.authority.map { pem throws(ConfigurationError) in try text(pem, "certificate authority")
      },
      certificate: try settings.clientCertificate.map { pem throws(ConfigurationError) in
        try text(pem, "client certificate\(user)")
      },
      key: try settings.clientKey.map { pem throws(ConfigurationError) in try text(pem, "client key\(user)") })
  }

  private func text(_ pem: ClusterConfiguration.PEM, _ what: String) throws(ConfigurationError) -> String {
    switch pem {
    case .text(let text): return text
    case .file(let path):
      guard let data = FileContent.read(path) else {
        throw ConfigurationError(
          .unreadable, "the \(what), \(path), cannot be read",
          remedy: "Check that the file is there, and who may read it.")
      }
      return String(decoding: data, as: UTF8.self)
    }
  }

  private func make(_ texts: Texts) throws(ConfigurationError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if settings.skipsVerification { tls.certificateVerification = .none }
    if let authority = texts.authority {
      guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)), !certificates.isEmpty else {
        throw ConfigurationError(
          .badCertificate, "the certificate authority is no certificate in PEM form",
          remedy: "Check certificate-authority(-data) of the cluster in the kubeconfig.")
      }
      tls.trustRoots = .certificates(certificates)
    }
    guard let certificate = texts.certificate else { return tls }
    guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)), let leaf = chain.first else {
      throw ConfigurationError(
        .badCertificate, "the client certificate\(user) is no certificate in PEM form",
        remedy: "Check client-certificate(-data) of the user in the kubeconfig.")
    }
    guard let text = texts.key, let key = try? NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem) else {
      throw ConfigurationError(
        .badCertificate, "the client key\(user) is missing, or no unencrypted key in PEM form",
        remedy: "Check client-key(-data) of the user in the kubeconfig.")
    }
    try checkDates(of: leaf)
    tls.certificateChain = chain.map { .certificate($0) }
    tls.privateKey = .privateKey(key)
    guard (try? NIOSSLContext(configuration: tls)) != nil else {
      throw ConfigurationError(
        .badCertificate, "the client certificate\(user) and the client key do not belong together",
        remedy: "Check both in the kubeconfig.")
    }
    return tls
  }

  /// The server would only say that it does not like the certificate.
  private func checkDates(of leaf: NIOSSLCertificate) throws(ConfigurationError) {
    let now = clock.date().timeIntervalSince1970
    let (from, to) = (TimeInterval(leaf.notValidBefore), TimeInterval(leaf.notValidAfter))
    guard now > to || now < from else { return }
    let day = Date(timeIntervalSince1970: now > to ? to : from).formatted(.iso8601.year().month().day())
    throw ConfigurationError(
      .expiredCertificate, "the client certificate\(user) \(now > to ? "expired on" : "is not valid before") \(day)",
      remedy: now > to
        ? "Get a new one: write the kubeconfig again with the cluster's tool." : "Is the clock of this machine right?")
  }
}
