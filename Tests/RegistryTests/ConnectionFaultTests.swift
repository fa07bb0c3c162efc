import Foundation
import ImageModel
import KubeAPIServer
import Networking
import Registry
import TestKit
import Testing
import VirtualCluster

/// Registries that cannot be reached, go silent, or show a certificate that is no good.
@Suite(.timeLimit(.minutes(2)))
struct ConnectionFaultTests {
  @Test func unknownHost() async throws {
    try await withClient { client in
      let reference = try Reference(parsing: "nosuch.invalid/app:v1")
      let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
      #expect(error?.code == .noSuchHost)
      #expect(error?.detail.hasPrefix("no such host: nosuch.invalid") == true)
      #expect(error?.description.hasPrefix("cannot resolve nosuch.invalid/app:v1: no such host") == true)
    }
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func refusedConnection(_ host: String) async throws {
    try await withRefusingPort { port in
      try await withClient { client in
        let reference = try Reference(parsing: "\(host):\(port)/app:v1")
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .refused)
        #expect(error?.isRetryable == true)
        #expect(error?.detail == "\(host):\(port) refused the connection")
      }
    }
  }

  enum Certificate: CaseIterable, Sendable {
    case unknownAuthority, wrongName, expired, notYetValid

    static let yesterday = Date() - 86_400
    static let tomorrow = Date() + 86_400

    var complaint: String {
      switch self {
      case .unknownAuthority: "is signed by an authority that this machine does not trust"
      case .wrongName: "was issued for another name"
      case .expired: "expired on \(Self.yesterday.formatted(.iso8601.year().month().day()))"
      case .notYetValid:
        "is not valid before \(Self.tomorrow.formatted(.iso8601.year().month().day())); "
          + "is the clock of this machine right?"
      }
    }
  }

  @Test(arguments: Certificate.allCases)
  func badCertificate(_ certificate: Certificate) async throws {
    let authority = try CertificateAuthority()
    let identity =
      switch certificate {
      case .unknownAuthority: try authority.issue()
      case .wrongName: try authority.issue(names: ["elsewhere.test"], addresses: [[10, 0, 0, 1]])
      case .expired: try authority.issue(from: Certificate.yesterday - 86_400, to: Certificate.yesterday)
      case .notYetValid: try authority.issue(from: Certificate.tomorrow, to: Certificate.tomorrow + 86_400)
      }
    let stranger = try CertificateAuthority(name: "another authority")
    try await withEmbeddedRegistry(tls: identity) { registry in
      try await withTemporaryFolder { folder in
        let file = try (certificate == .unknownAuthority ? stranger : authority).writeAuthority(to: folder)
        let clock = ManualClock(start: ManualClock.exampleDate)
        let reference = registry.add(try SampleImage())
        try await withClient(
          attempts: 3,
          configure: {
            $0.caFiles = [file]
            $0.clock = clock.clock
            $0.clock.date = { Date() }
          }
        ) { client in
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(error?.code == .tls)
          #expect(error?.detail == "the certificate of \(registry.host) \(certificate.complaint)")
          #expect(clock.sleeps.isEmpty)
        }
        try await withClient(configure: { $0.skipTLSVerify = [registry.host] }) { client in
          _ = try await client.resolve(reference)
        }
      }
    }
  }

  @Test func brokenAuthorityFile() async throws {
    try await withTemporaryFolder { folder in
      try Data("nothing".utf8).write(to: URL(filePath: folder + "/ca.pem"))
      try await withClient(configure: { $0.caFiles = [folder + "/ca.pem"] }) { client in
        let reference = try Reference(parsing: "127.0.0.1:1/app:v1")
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .tls)
        #expect(error?.detail.contains("ca.pem holds no certificates") == true)
      }
    }
  }

  /// Only loopback and hosts that are named may be asked over plain HTTP.
  @Test func plainHTTPOnlyWhereAllowed() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      registry.add(image)
      try await withConnectProxy(to: registry.port) { proxy in
        let reference = try Reference(parsing: "registry.test:5000/test/image:v1")
        func resolve(plain: Set<String>) async throws -> Descriptor {
          try await withClient(configure: {
            $0.proxy = try ProxySettings(environment: [
              "HTTP_PROXY": "127.0.0.1:\(proxy.port)", "HTTPS_PROXY": "127.0.0.1:\(proxy.port)",
            ])
            $0.plainHTTP = plain
          }) { try await $0.resolve(reference) }
        }
        for hosts: Set<String> in [["registry.test"], ["REGISTRY.test:5000"]] {
          #expect(try await resolve(plain: hosts).digest == image.root.descriptor.digest)
        }
        registry.clearRequests()
        for hosts: Set<String> in [[], ["registry.test:5001", "other.test"]] {
          let error = await #expect(throws: RegistryError.self) { try await resolve(plain: hosts) }
          #expect(error?.code == .tls)
          #expect(error?.detail.contains("does not speak TLS") == true, "\(String(describing: error))")
          #expect(error?.remedy.contains("plain HTTP") == true)
        }
        #expect(registry.requests.isEmpty)
      }
    }
  }

  @Test func oneProbeForManyQuestions() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      try await withClient { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<10 { group.addTask { _ = try await client.resolve(reference) } }
          try await group.waitForAll()
        }
      }
      #expect(registry.requests.filter { $0.path == "/v2/" }.count == 1)
      #expect(registry.requests.count == 11)
      #expect(registry.requests.allSatisfy { $0.headers["user-agent"] == "prepull/test" })
    }
  }

  @Test(arguments: [RegistryFault.hang, .stall(after: 0), .stall(after: 10)])
  func silenceInAManifest(_ fault: RegistryFault) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(fault) { $0.method == "GET" && $0.path != "/v2/" }
      try await withClient(configure: { $0.idleTimeout = .milliseconds(400) }) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.code == .timedOut)
        #expect(error?.isRetryable == true)
        #expect(error?.detail == "\(registry.host) went silent")
      }
    }
  }

  @Test func cancellationIsNoTimeOut() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage(layers: [100_000])
      let reference = registry.add(image)
      let layer = image.variants[0].layers[0].descriptor
      registry.inject(.stall(after: 10)) { $0.path.contains("/blobs/") }
      registry.inject(.hang) { $0.path.contains("/manifests/") }
      try await withClient(attempts: 3) { client in
        for body: @Sendable () async throws -> Void in [
          { _ = try await client.bytes(layer, of: reference) }, { _ = try await client.resolve(reference) },
          { try await client.download(layer, of: reference, restart: {}, write: { _ in }) },
        ] {
          let task = Task { try await body() }
          try await eventually("a request") { registry.requests.contains { $0.path != "/v2/" } }
          task.cancel()
          await #expect(throws: CancellationError.self) { try await task.value }
          registry.clearRequests()
        }
      }
    }
  }
}
