import ImageModel
import KubeAPIServer
import Registry
import TestKit
import Testing
import VirtualCluster

/// Registries that send their clients elsewhere for content.
@Suite(.timeLimit(.minutes(2)))
struct RedirectTests {
  private let credential = FixedCredential(.basic(username: "ada", password: "secret"))

  @Test(arguments: [301, 302, 303, 307, 308])
  func authorizationStaysWithItsOrigin(_ status: Int) async throws {
    let image = try SampleImage(layers: [50_000])
    let layer = image.variants[0].layers[0]
    try await withEmbeddedRegistry { store in
      store.add(layer)
      try await withEmbeddedRegistry { registry in
        registry.require(.basic(username: "ada", password: "secret"))
        let reference = registry.add(image)
        let target = "http://localhost:\(store.port)/v2/store/blobs/\(layer.descriptor.digest)?signature=s3cr3t"
        registry.inject(.redirect(to: target, status: status)) { $0.path.contains("/blobs/") }
        try await withClient(credentials: credential) { client in
          let bytes = try await client.bytes(layer.descriptor, of: reference, from: 7)
          #expect(bytes == Array(layer.bytes[7...]))
        }
        #expect(registry.requests.contains { $0.path.contains("/blobs/") && $0.authorization != nil })
        #expect(store.requests.count == 1)
        #expect(store.requests.allSatisfy { $0.authorization == nil && $0.headers["range"] == "bytes=7-" })
      }
    }
  }

  /// The same host on another port is another origin.
  @Test func anotherPortIsAnotherOrigin() async throws {
    let image = try SampleImage()
    try await withEmbeddedRegistry { store in
      store.add(image)
      try await withEmbeddedRegistry { registry in
        registry.require(.basic(username: "ada", password: "secret"))
        let reference = registry.add(image)
        registry.inject(.redirect(to: "http://\(store.host)/v2/test/image/manifests/v1")) { $0.method == "HEAD" }
        try await withClient(credentials: credential) { _ = try await $0.resolve(reference) }
        #expect(store.requests.map(\.authorization) == [nil])
        #expect(store.requests.map(\.method) == ["HEAD"])
      }
    }
  }

  @Test func withinTheOrigin() async throws {
    try await withEmbeddedRegistry { registry in
      registry.require(.basic(username: "ada", password: "secret"))
      let image = try SampleImage()
      let reference = registry.add(image)
      registry.inject(.redirect(to: "/v2/test/image/manifests/\(image.root.descriptor.digest)")) {
        $0.path.hasSuffix("/v1")
      }
      try await withClient(credentials: credential) { client in
        let resolved = try await client.image(reference, platform: .host)
        #expect(resolved.descriptor.digest == image.root.descriptor.digest)
      }
    }
  }

  @Test func circle() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.redirect(to: "/v2/test/image/manifests/v1")) { $0.path != "/v2/" }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .fault)
        #expect(error?.detail.contains("redirects in a circle") == true)
      }
      #expect(registry.requests.filter { $0.path != "/v2/" }.count == 11)
    }
  }

  @Test(arguments: ["", "gopher://example.test/", "http://"])
  func toNowhere(_ target: String) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.redirect(to: target)) { $0.path != "/v2/" && $0.path.hasSuffix("v1") }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .fault)
      }
    }
  }

  /// From https down to http on a host for which plain HTTP was not allowed.
  @Test func downToPlainHTTP() async throws {
    let certificates = try CertificateAuthority()
    try await withEmbeddedRegistry(tls: certificates.issue()) { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.redirect(to: "http://store.test/blob?signature=s3cr3t"))
      try await withTemporaryFolder { folder in
        let file = try certificates.writeAuthority(to: folder)
        try await withClient(configure: { $0.caFiles = [file] }) { client in
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(error?.code == .insecure)
          #expect(error?.description.contains("s3cr3t") == false)
          #expect(error?.detail == "plain HTTP to store.test is not allowed")
        }
      }
    }
  }
}
