import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@Suite(.timeLimit(.minutes(1)))
struct MirrorTests {
  /// A mirror and an origin, with a client that knows both; `registry.test` can only be reached through the mirror.
  private func withMirror(
    origin: String? = nil, credentials: any CredentialSource = NoCredentials(),
    _ body: (EmbeddedRegistry, EmbeddedRegistry, RegistryClient) async throws -> Void
  ) async throws {
    try await withEmbeddedRegistry { mirror in
      try await withEmbeddedRegistry { registry in
        let mirrors = [try RegistryMirror(parsing: "http://\(mirror.host)")]
        try await withClient(
          credentials: credentials,
          configure: {
            $0.clock = ManualClock(start: ManualClock.exampleDate).clock
            $0.mirrors = [origin ?? registry.host: mirrors]
          }
        ) { try await body(mirror, registry, $0) }
      }
    }
  }

  @Test(arguments: ["docker.io", "*"])
  func mirrorStandsIn(_ origin: String) async throws {
    try await withMirror(origin: origin) { mirror, _, client in
      let image = try SampleImage()
      mirror.add(image, to: "library/nginx", tag: "1")
      let reference = try Reference(parsing: "nginx:1")
      #expect(try await client.resolve(reference).digest == image.root.descriptor.digest)
      let layer = image.variants[0].layers[0]
      #expect(try await client.bytes(layer.descriptor, of: reference) == layer.bytes)
      #expect(mirror.requests.map(\.query) == ["ns=docker.io", "ns=docker.io"])
    }
  }

  @Test(arguments: [RegistryFault.status(404), .status(401), .status(403), .status(500), .status(429), .corrupt, .hang])
  func fallsThrough(_ fault: RegistryFault) async throws {
    try await withEmbeddedRegistry { mirror in
      try await withEmbeddedRegistry { registry in
        let image = try SampleImage()
        mirror.add(image)
        let reference = registry.add(image)
        mirror.inject(fault)
        let mirrors = [try RegistryMirror(parsing: "http://\(mirror.host)")]
        try await withClient(configure: {
          $0.idleTimeout = .seconds(4)
          $0.mirrors = [registry.host: mirrors]
        }) { client in
          let resolved = try await client.image(reference, platform: .host)
          #expect(resolved.manifest.layers == image.variants[0].layers.map(\.descriptor))
        }
        #expect(!mirror.requests.isEmpty)
        #expect(!registry.requests.isEmpty)
      }
    }
  }

  /// When nobody has it, the error is the registry's, and names the mirrors.
  @Test func allFail() async throws {
    try await withMirror { mirror, registry, client in
      registry.add(try SampleImage())
      let reference = try Reference(parsing: "\(registry.host)/test/image:v2")
      let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
      #expect(error?.code == .notFound)
      #expect(error?.detail.hasPrefix("no such tag or digest (\(registry.host) answered 404") == true)
      #expect(
        error?.detail.hasSuffix(
          "(mirrors before it: no such repository (\(mirror.host) answered 404: repository name not known to registry))"
        )
          == true, "\(String(describing: error))")
    }
  }

  /// Each has credentials of its own: the mirror never sees those of the registry.
  @Test func credentialsOfEach() async throws {
    struct Source: CredentialSource {
      let origin: String
      func credential(for registry: String, repository: String) -> RegistryCredential? {
        .basic(username: registry == origin ? "origin" : "mirror", password: "x")
      }
    }
    try await withEmbeddedRegistry { mirror in
      try await withEmbeddedRegistry { registry in
        mirror.require(.basic(username: "mirror", password: "x"))
        registry.require(.basic(username: "origin", password: "x"))
        let image = try SampleImage()
        let reference = registry.add(image)
        mirror.add(image, to: "somewhere/else")
        let mirrors = [try RegistryMirror(parsing: mirror.host)]
        try await withClient(
          credentials: Source(origin: registry.host), configure: { $0.mirrors = [registry.host: mirrors] }
        ) { client in
          _ = try await client.image(reference, platform: .host)
        }
        #expect(Set(mirror.requests.compactMap(\.authorization)) == ["Basic bWlycm9yOng="])
        #expect(Set(registry.requests.compactMap(\.authorization)) == ["Basic b3JpZ2luOng="])
      }
    }
  }

  /// A mirror that is down is asked once a minute, not once a layer.
  @Test func mirrorThatIsDown() async throws {
    try await withEmbeddedRegistry { mirror in
      try await withEmbeddedRegistry { registry in
        let reference = registry.add(try SampleImage())
        mirror.inject(.hang)
        let clock = ManualClock(start: ManualClock.exampleDate)
        let mirrors = [try RegistryMirror(parsing: "http://\(mirror.host)")]
        try await withClient(configure: {
          $0.mirrors = [registry.host: mirrors]
          $0.clock = clock.clock
          $0.idleTimeout = .seconds(4)
        }) { client in
          for _ in 0..<3 { _ = try await client.resolve(reference) }
          #expect(mirror.requests.count == 1)
          let absent = try Reference(parsing: "\(registry.host)/none:v1")
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(absent) }
          #expect(error?.detail.hasSuffix("(mirrors before it: \(mirror.host) went silent)") == true)
          #expect(mirror.requests.count == 1)
          clock.advance(by: .seconds(61))
          _ = try await client.resolve(reference)
          #expect(mirror.requests.count == 2)
        }
      }
    }
  }

  @Test func pathOfAMirror() async throws {
    try await withEmbeddedRegistry { mirror in
      let mirrors = [try RegistryMirror(parsing: "http://\(mirror.host)/v2/proxy/")]
      let image = try SampleImage()
      mirror.add(image, to: "proxy/library/nginx")
      try await withClient(configure: { $0.mirrors = ["docker.io": mirrors] }) { client in
        let reference = try Reference(parsing: "nginx:v1")
        #expect(try await client.resolve(reference).digest == image.root.descriptor.digest)
      }
    }
  }

  @Test(arguments: ["", "ftp://a", "a b", "http://", "https://a?b=c", "https://user@a"])
  func notAMirror(_ text: String) {
    #expect(throws: RegistryError.self) { try RegistryMirror(parsing: text) }
  }

  @Test(arguments: [
    ("a.test", "a.test"), ("a.test:5000", "a.test:5000"), ("https://A.test/", "https://a.test"),
    ("https://a.test/v2", "https://a.test"), ("https://a.test/v2/x/", "https://a.test/v2/x"),
    ("[::1]:5000", "[::1]:5000"),
  ])
  func description(_ text: String, _ expected: String) throws {
    #expect("\(try RegistryMirror(parsing: text))" == expected)
  }
}
