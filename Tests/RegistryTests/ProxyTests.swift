import ImageModel
import KubeAPIServer
import Networking
import TestKit
import Testing
import VirtualCluster

@testable import Registry

/// Proxies of the environment, under Go's rules.
@Suite(.timeLimit(.minutes(1)))
struct ProxyTests {
  private func proxied(_ noProxy: String, _ scheme: String, _ host: String) throws -> Bool {
    let settings = try ProxySettings(environment: [
      "HTTPS_PROXY": "proxy.test:3128", "HTTP_PROXY": "proxy.test:3128", "NO_PROXY": noProxy,
    ])
    return settings.server(scheme: scheme, to: try #require(HostAddress(host))) != nil
  }

  @Test(arguments: [
    ("", "a.test"), ("b.test", "a.test"), ("a.test:5000", "a.test"), (".a.test", "a.test"), ("*.a.test", "a.test"),
    ("a.test", "ba.test"), ("10.0.0.0/8", "11.0.0.1"), ("10.0.0.1", "10.0.0.2"), ("10.0.0.0/8", "ten.test"),
    ("fd00::/8", "[fe80::1]"), ("a.test:443", "a.test:5000"), ("nonsense/nonsense", "a.test"), (",,", "a.test"),
  ])
  func throughTheProxy(_ noProxy: String, _ host: String) throws {
    #expect(try proxied(noProxy, "https", host))
  }

  @Test(arguments: [
    ("*", "a.test"), ("a.test", "a.test"), ("a.test", "A.TEST:5000"), ("a.test", "b.a.test"), (".a.test", "b.a.test"),
    ("*.a.test", "c.b.a.test"), ("x, a.test ,y", "a.test"), ("a.test:443", "a.test"), ("a.test:5000", "b.a.test:5000"),
    ("10.0.0.0/8", "10.255.0.1:5000"), ("10.0.0.1", "10.0.0.1"), ("fd00::/8", "[fd12::1]:5000"),
    ("fd00::1", "[fd00::1]"),
    ("[fd00::1]:5000", "[fd00::1]:5000"), ("10.0.0.0/8", "[::ffff:10.0.0.1]"),
    ("", "localhost:5000"), ("", "127.0.0.2"), ("", "[::1]:5000"),
  ])
  func pastTheProxy(_ noProxy: String, _ host: String) throws {
    #expect(try !proxied(noProxy, "https", host))
  }

  @Test func eachSchemeItsOwn() throws {
    let settings = try ProxySettings(environment: ["https_proxy": "http://s.test", "HTTP_PROXY": "socks5://h.test"])
    let host = try #require(HostAddress("a.test"))
    #expect(settings.server(scheme: "https", to: host).map { "\($0)" } == "http://s.test:80")
    #expect(settings.server(scheme: "http", to: host).map { "\($0)" } == "socks5://h.test:1080")
    #expect(ProxySettings.none.server(scheme: "https", to: host) == nil)
    let both = try ProxySettings(environment: ["https_proxy": "low.test", "HTTPS_PROXY": "UP.test"])
    #expect(both.server(scheme: "https", to: host).map { "\($0)" } == "http://up.test:80")
  }

  @Test(arguments: ["https://user:s3cr3t@proxy.test:1", "http://:s3cr3t@", "a b:s3cr3t"])
  func proxyThatCannotBeUsed(_ text: String) {
    let error = #expect(throws: RegistryError.self) {
      try RegistryConfiguration.fromEnvironment(["HTTPS_PROXY": text])
    }
    #expect(error?.code == .proxy)
    #expect(error?.description.contains("s3cr3t") == false)
    #expect(error?.subject == "HTTPS_PROXY")
  }

  /// A registry that is reached directly sends its clients to a host behind the proxy.
  @Test func eachHopItsOwnWay() async throws {
    try await withEmbeddedRegistry { store in
      try await withEmbeddedRegistry { registry in
        try await withConnectProxy(to: store.port) { proxy in
          let image = try SampleImage()
          let reference = registry.add(image)
          store.add(image)
          registry.inject(.redirect(to: "http://store.test/v2/test/image/manifests/v1")) { $0.method == "HEAD" }
          let proxies = ["http_proxy": "127.0.0.1:\(proxy.port)"]
          let descriptor = try await withClient(configure: {
            $0.proxy = try ProxySettings(environment: proxies)
            $0.plainHTTP = ["store.test"]
          }) { try await $0.resolve(reference) }
          #expect(descriptor.digest == image.root.descriptor.digest)
          #expect(proxy.targets == ["store.test:80"])
          #expect(store.requests.count == 1)
        }
      }
    }
  }

  /// Through a real tunnel, with TLS in it, to a host that only the proxy knows.
  @Test func tunnel() async throws {
    let certificates = try CertificateAuthority()
    try await withEmbeddedRegistry(tls: certificates.issue(names: ["registry.test"])) { registry in
      try await withConnectProxy(to: registry.port, requiring: "Proxy-Authorization: Basic YWRhOnM6dw==") { proxy in
        let image = try SampleImage()
        registry.add(image)
        let reference = try Reference(parsing: "registry.test/test/image:v1")
        try await withTemporaryFolder { folder in
          let file = try certificates.writeAuthority(to: folder)
          func resolve(_ server: String, except: String = "") async throws -> Descriptor {
            try await withClient(configure: {
              $0 = try RegistryConfiguration.fromEnvironment(
                ["HTTPS_PROXY": server, "NO_PROXY": except, "SSL_CERT_FILE": file])
              $0.retry = .never
            }) { try await $0.resolve(reference) }
          }
          #expect(try await resolve("ada:s%3Aw@127.0.0.1:\(proxy.port)").digest == image.root.descriptor.digest)
          #expect(proxy.targets == ["registry.test:443"])

          let asked = await #expect(throws: RegistryError.self) { try await resolve("127.0.0.1:\(proxy.port)") }
          #expect(asked?.code == .proxy)
          let bypassed = await #expect(throws: RegistryError.self) {
            try await resolve("127.0.0.1:\(proxy.port)", except: ".test")
          }
          #expect(bypassed?.code == .noSuchHost)
          try await withRefusingPort { port in
            let absent = await #expect(throws: RegistryError.self) { try await resolve("ada:s3cr3t@127.0.0.1:\(port)") }
            #expect(absent?.code == .refused)
            #expect(absent?.detail.contains("http://127.0.0.1:\(port), the proxy to registry.test, refused") == true)
            #expect(absent?.description.contains("s3cr3t") == false)
          }
        }
      }
    }
  }
}
