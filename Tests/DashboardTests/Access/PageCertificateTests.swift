import AsyncHTTPClient
import Foundation
import HTTPTypes
import Hummingbird
import KubeAPIServer
import Logging
import NIOHTTP1
import NIOSSL
import Serving
import TestKit
import Testing

@testable import Dashboard

@Suite("The certificate of the page", .timeLimit(.minutes(2))) struct PageCertificateTests {
  /// Whether a client that trusts these certificates gets an answer.
  private func answers(_ port: Int, trusting pem: String) async throws -> Bool {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
    return try await HTTPClient.withHTTPClient(configuration: .init(tlsConfiguration: tls)) { http in
      let request = HTTPClientRequest(url: "https://127.0.0.1:\(port)/")
      return (try? await http.execute(request, timeout: .seconds(10))).map { $0.status == .ok } ?? false
    }
  }

  @Test("Of a Secret it is read again when that changes, without a restart; a bad one leaves the last in place")
  func files() async throws {
    try await withTemporaryFolder("certificate") { folder in
      let (first, second) = (try CertificateAuthority(name: "first"), try CertificateAuthority(name: "second"))
      func write(_ identity: CertificateAuthority.Identity, keyOf other: CertificateAuthority.Identity? = nil) throws {
        try identity.certificatePEM.write(toFile: folder + "/tls.crt", atomically: true, encoding: .utf8)
        try (other ?? identity).keyPEM.write(toFile: folder + "/tls.key", atomically: true, encoding: .utf8)
      }
      try write(try first.issue())
      let certificate = try PageCertificate(
        .init(certificate: folder + "/tls.crt", key: folder + "/tls.key"), names: [])
      let (ports, started) = AsyncStream<Int>.makeStream()
      let server = HTTPServer(
        tls: certificate.tls, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        responder: CallbackResponder<BasicRequestContext> { _, _ in Response(status: .ok) },
        onStart: { started.yield($0) })
      let running = Task { try await server.run() }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      #expect(try await answers(port, trusting: first.authorityPEM))
      #expect(try await !answers(port, trusting: second.authorityPEM))
      #expect(try !certificate.refresh(now: Date()))
      let old = certificate.fingerprint
      try write(try second.issue(), keyOf: try second.issue())
      #expect(throws: PageCertificate.Problem.self) { try certificate.refresh(now: Date()) }
      #expect(certificate.fingerprint == old)
      #expect(try await answers(port, trusting: first.authorityPEM))
      try write(try second.issue())
      #expect(try certificate.refresh(now: Date()))
      #expect(certificate.fingerprint != old)
      #expect(try await answers(port, trusting: second.authorityPEM))
      #expect(try await !answers(port, trusting: first.authorityPEM))
      running.cancel()
      _ = await running.result
    }
  }

  @Test("Without one it is made, for its Service and a forwarded port, and made anew before it is over")
  func own() throws {
    let certificate = try PageCertificate(nil, names: ["prepull-dashboard.x.svc", "localhost"])
    let parts = certificate.fingerprint.split(separator: ":")
    #expect(parts.count == 32 && parts.allSatisfy { $0.count == 2 })
    #expect(try !certificate.refresh(now: Date() + 300 * 86_400))
    let old = certificate.fingerprint
    #expect(try certificate.refresh(now: Date() + 340 * 86_400))
    #expect(certificate.fingerprint != old)
  }

  @Test("Files that are none are named, with the option")
  func problems() async throws {
    try await withTemporaryFolder("certificate") { folder in
      func problem() -> String {
        do {
          _ = try PageCertificate(.init(certificate: folder + "/tls.crt", key: folder + "/tls.key"), names: [])
          return ""
        } catch {
          return "\(error)"
        }
      }
      #expect(problem() == "\(folder)/tls.crt cannot be read: check --tls-cert")
      let identity = try CertificateAuthority().issue()
      try identity.certificatePEM.write(toFile: folder + "/tls.crt", atomically: true, encoding: .utf8)
      #expect(problem() == "\(folder)/tls.key cannot be read: check --tls-key")
      try "nonsense".write(toFile: folder + "/tls.key", atomically: true, encoding: .utf8)
      #expect(problem() == "\(folder)/tls.key has no private key in PEM form")
      try CertificateAuthority().issue().keyPEM.write(toFile: folder + "/tls.key", atomically: true, encoding: .utf8)
      #expect(problem() == "\(folder)/tls.key is not the key of the certificate in \(folder)/tls.crt")
    }
  }
}
