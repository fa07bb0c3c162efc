import KubeAPIServer
import Networking
import Foundation
import Kubernetes
import NIOSSL
import Testing
import TestKit

@Suite("TLS with the API server", .timeLimit(.minutes(5)))
struct TLSTests {
  static let answer: ScriptedServer.Script = { _, _ in .json(#"{"gitVersion":"v1.36.2"}"#) }

  static func attempt(_ configuration: ClusterConfiguration, _ clock: ManualClock = ManualClock()) async throws
    -> APIError?
  {
    try await apiError {
      try await withClient(configuration, retry: .never, clock: clock.clock) {
        let result = try await $0.serverVersion()
        #expect(result == "v1.36.2")
      }
    }
  }

  @Test("The kubeconfig's authority is trusted and no other; tls-server-name and skipping are kept")
  func trust() async throws {
    let authority = try CertificateAuthority()
    let identity = try authority.issue(names: ["api.test"], addresses: [])
    try await withScriptedServer(tls: identity.serverConfiguration, Self.answer) { server in
      var configuration = ClusterConfiguration(server: "https://127.0.0.1:\(server.port)")
      #expect(try await Self.attempt(configuration)?.code == .tls)
      configuration.tls.authority = .text(try CertificateAuthority(name: "other").authorityPEM)
      let unknown = try await Self.attempt(configuration)
      #expect(
        unknown?.code == .tls && unknown?.detail.contains("not trusted") == true, "\(String(describing: unknown))")
      configuration.tls.authority = .text(authority.authorityPEM)
      let name = try await Self.attempt(configuration)
      #expect(name?.code == .tls && name?.detail.contains("another name") == true, "\(String(describing: name))")
      configuration.tls.serverName = "api.test"
      #expect(try await Self.attempt(configuration) == nil)
      #expect(server.requests.last?.headers["host"] == "127.0.0.1:\(server.port)")
      configuration.tls = .init(skipsVerification: true)
      #expect(try await Self.attempt(configuration) == nil)
    }
  }

  @Test("A server's certificate that has expired is distinguished from one that is not trusted")
  func expiredServer() async throws {
    let authority = try CertificateAuthority()
    let identity = try authority.issue(from: Date() - 7200, to: Date() - 3600)
    try await withScriptedServer(tls: identity.serverConfiguration, Self.answer) { server in
      var configuration = ClusterConfiguration(server: "https://127.0.0.1:\(server.port)")
      configuration.tls.authority = .text(authority.authorityPEM)
      let error = try await Self.attempt(configuration)
      #expect(error?.code == .tls && error?.detail.contains("expired on") == true, "\(String(describing: error))")
    }
  }

  @Test("Plain HTTP on the port, and HTTP to a TLS port, are named")
  func mixedUp() async throws {
    try await withScriptedServer(Self.answer) { server in
      let error = try await Self.attempt(ClusterConfiguration(server: "https://127.0.0.1:\(server.port)"))
      #expect(
        error?.code == .tls && error?.detail.contains("does not speak TLS") == true, "\(String(describing: error))")
      #expect(error?.remedy.contains("write http:// in its address") == true)
    }
    let identity = try CertificateAuthority().issue()
    try await withScriptedServer(tls: identity.serverConfiguration, Self.answer) { server in
      let error = try await Self.attempt(ClusterConfiguration(server: "http://127.0.0.1:\(server.port)"))
      #expect(error?.remedy.contains("https://") == true, "\(String(describing: error))")
    }
  }

  @Test("Client certificates: from data, from files that rotate, from a plugin; without one the server refuses")
  func mutual() async throws {
    let authority = try CertificateAuthority()
    let other = try CertificateAuthority(name: "Clients")
    let identity = try authority.issue()
    var tls = try identity.serverConfiguration
    tls.certificateVerification = .noHostnameVerification
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(other.authorityPEM.utf8)))
    let (good, bad) = (try other.issueClient(name: "jane"), try authority.issueClient(name: "jane"))
    try await withScriptedServer(tls: tls, Self.answer) { server in
      var configuration = ClusterConfiguration(server: "https://127.0.0.1:\(server.port)")
      configuration.tls.authority = .text(authority.authorityPEM)
      configuration.tls.clientCertificate = .text(good.certificatePEM)
      configuration.tls.clientKey = .text(good.keyPEM)
      try await withClient(configuration) { client in
        for _ in 0..<5 { _ = try await client.serverVersion() }
        #expect(server.openConnections == 1)
      }
      configuration.tls.clientCertificate = nil
      configuration.tls.clientKey = nil
      #expect(try await Self.attempt(configuration) != nil)
      try await withTemporaryFolder { folder in
        func write(_ identity: CertificateAuthority.Identity) throws {
          try Data(identity.certificatePEM.utf8).write(to: URL(filePath: "\(folder)/c"))
          try Data(identity.keyPEM.utf8).write(to: URL(filePath: "\(folder)/k"))
        }
        try write(bad)
        var files = configuration
        files.tls.clientCertificate = .file("\(folder)/c")
        files.tls.clientKey = .file("\(folder)/k")
        let clock = ManualClock()
        try await withClient(files, retry: .never, clock: clock.clock) { client in
          let refused = try await apiError { _ = try await client.serverVersion() }
          #expect([.tls, .interrupted].contains(refused?.code), "\(String(describing: refused))")
          try write(good)
          clock.advance(by: .seconds(61))
          let result = try await client.serverVersion()
          #expect(result == "v1.36.2")
        }
        func quoted(_ pem: String) -> String { pem.replacing("\n", with: #"\n"#) }
        let status =
          #""clientCertificateData":"\#(quoted(good.certificatePEM))","clientKeyData":"\#(quoted(good.keyPEM))""#
        try Data(
          #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{\#(status)}}"#.utf8
        ).write(to: URL(filePath: "\(folder)/answer"))
        configuration.authentication = try ExecPluginTests.plugin("cat '\(folder)/answer'", folder)
        #expect(try await Self.attempt(configuration) == nil)
      }
    }
  }

  @Test("Certificates and keys that are none, or have expired, are reported before anything is sent")
  func material() throws {
    let authority = try CertificateAuthority()
    let good = try authority.issue()
    let old = try authority.issue(from: Date() - 7200, to: Date() - 3600)
    let early = try authority.issue(from: Date() + 3600, to: Date() + 7200)
    func fault(_ change: (inout ClusterConfiguration) -> Void) -> ConfigurationError? {
      var configuration = ClusterConfiguration(server: "https://127.0.0.1:1")
      configuration.userName = "jane"
      change(&configuration)
      do throws(ConfigurationError) {
        try KubernetesClient.check(configuration)
        return nil
      } catch {
        return error
      }
    }
    func client(_ certificate: String, _ key: String?) -> ConfigurationError? {
      fault {
        $0.tls.clientCertificate = .text(certificate)
        $0.tls.clientKey = key.map { .text($0) }
      }
    }
    #expect(client(good.certificatePEM, good.keyPEM) == nil)
    let expired = client(old.certificatePEM, old.keyPEM)
    #expect(expired?.code == .expiredCertificate)
    #expect(expired?.detail.hasPrefix("the client certificate of the user 'jane' expired on 20") == true)
    #expect(client(early.certificatePEM, early.keyPEM)?.detail.contains("is not valid before 20") == true)
    #expect(client("no", good.keyPEM)?.code == .badCertificate)
    #expect(client(good.certificatePEM, nil)?.code == .badCertificate)
    #expect(client(good.certificatePEM, "SECRET")?.description.contains("SECRET") == false)
    #expect(client(good.certificatePEM, old.keyPEM)?.code == .badCertificate)
    #expect(fault { $0.tls.authority = .text("no") }?.code == .badCertificate)
    #expect(fault { $0.tls.authority = .file("/nowhere") }?.code == .unreadable)
    let unreadable = fault {
      $0.tls.clientCertificate = .text(good.certificatePEM)
      $0.tls.clientKey = .file("/nowhere/key")
    }
    #expect(unreadable?.code == .unreadable && unreadable?.detail.contains("/nowhere/key") == true)
    #expect(fault { $0.server = "https://" }?.code == .badServer)
    #expect(fault { $0.server = "ftp://x" }?.code == .badServer)
  }
}
