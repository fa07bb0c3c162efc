import KubeAPIServer
import Kubernetes
import Testing
import TestKit

@testable import Kubernetes

@Suite("Proxies on the way to the API server", .timeLimit(.minutes(5)))
struct ProxyTests {
  static func chosen(_ server: String, proxy: String? = nil, _ environment: [String: String] = [:]) throws -> String? {
    var configuration = ClusterConfiguration(server: server)
    configuration.proxyURL = proxy
    configuration.environment = environment
    return try Proxy.choose(for: ServerAddress(configuration), configuration).map {
      "\($0)"
    }
  }

  @Test("proxy-url wins, then the environment by the rules of Go")
  func rules() throws {
    let environment = ["HTTPS_PROXY": "http://p:1", "http_proxy": "q:2", "NO_PROXY": "10.0.0.0/8, .in.example,x.io:7"]
    #expect(try Self.chosen("https://api.example:6443", environment) == "http://p:1")
    #expect(try Self.chosen("http://api.example", environment) == "http://q:2")
    for server in [
      "https://10.1.2.3:6443", "https://a.in.example", "https://x.io:7", "https://localhost:1",
      "https://127.0.0.9:1", "https://[::1]:1",
    ] {
      #expect(try Self.chosen(server, environment) == nil, "\(server)")
    }
    for server in ["https://11.1.2.3", "https://in.example", "https://x.io:8", "https://[fd00::1]:1"] {
      #expect(try Self.chosen(server, environment) == "http://p:1", "\(server)")
    }
    #expect(try Self.chosen("https://10.1.2.3", proxy: "socks5://s:9", environment) == "socks5://s:9")
    #expect(try Self.chosen("https://a", ["HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"]) == nil)
  }

  @Test(
    "A proxy that cannot be used is named without its password", arguments: ["https://u:SECRET@p:1", "::", "ftp://p"])
  func bad(_ text: String) {
    let error = #expect(throws: ConfigurationError.self) { _ = try Self.chosen("https://a", proxy: text) }
    #expect(error?.code == .badProxy && error?.description.contains("SECRET") == false)
  }

  @Test("Requests and watches go through proxy-url")
  func through() async throws {
    let authority = try CertificateAuthority()
    let identity = try authority.issue(names: ["api.test"])
    try await withScriptedServer(tls: identity.serverConfiguration, { _, _ in .json(#"{"gitVersion":"v1.36.2"}"#) }) {
      server in
      try await withConnectProxy(to: server.port, requiring: "Basic dTpw") { proxy in
        var configuration = ClusterConfiguration(server: "https://api.test:6443")
        configuration.tls.authority = .text(authority.authorityPEM)
        configuration.proxyURL = "http://u:p@127.0.0.1:\(proxy.port)"
        try await withClient(configuration) { client in
          let result = try await client.serverVersion()
          #expect(result == "v1.36.2")
        }
        #expect(proxy.targets == ["api.test:6443"])
        configuration.proxyURL = "http://127.0.0.1:\(proxy.port)"
        let error = try await apiError { try await withClient(configuration) { _ = try await $0.serverVersion() } }
        #expect(error?.code == .unreachable && error?.detail.contains("asks for credentials") == true)
      }
    }
  }
}
