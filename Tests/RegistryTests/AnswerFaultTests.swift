import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

/// Registries that answer, but not with what was asked for.
@Suite(.timeLimit(.minutes(2)))
struct AnswerFaultTests {
  @Test(arguments: [
    (401, RegistryError.Code.unauthorized), (403, .denied), (404, .notFound), (400, .fault), (501, .fault),
  ])
  func stopsAtOnce(_ status: Int, _ code: RegistryError.Code) async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let reference = registry.add(image)
      let body = #"{"errors":[{"code":"DENIED","message":"requested access\u0007 to the resource\n is denied"}]}"#
      registry.inject(.status(status, body: body)) { $0.path != "/v2/" }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 5, configure: { $0.clock = clock.clock }) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.code == code)
        #expect(error?.status == status)
        #expect(error?.isRetryable == false)
        #expect(
          error?.detail.contains("answered \(status): requested access to the resource is denied") == true,
          "\(String(describing: error))")
        let blob = await #expect(throws: RegistryError.self) {
          try await client.download(image.blobs[0].descriptor, of: reference, restart: {}, write: { _ in })
        }
        #expect(blob?.code == code)
      }
      #expect(registry.requests.filter { $0.path != "/v2/" }.count == 2)
      #expect(clock.sleeps.isEmpty)
    }
  }

  @Test func rateLimitThatPasses() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.status(429, headers: ["Retry-After": "7"]), times: 1) { $0.method == "HEAD" }
      registry.inject(
        .status(503, headers: ["Retry-After": "Sun, 06 Nov 1994 08:49:57 GMT"]), times: 1
      ) { $0.method == "HEAD" }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 3, configure: { $0.clock = clock.clock }) { client in
        _ = try await client.resolve(reference)
      }
      // The date that the second answer names is 20 s after the first answer.
      #expect(clock.sleeps == [.seconds(7), .seconds(13)])
    }
  }

  @Test func rateLimitThatStays() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let body = #"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#
      registry.inject(.status(429, headers: ["Retry-After": "60"], body: body)) {
        $0.method == "GET" && $0.path != "/v2/"
      }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 3, configure: { $0.clock = clock.clock }) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfter == .seconds(60))
        #expect(
          error?.detail.hasSuffix("answered 429: You have reached your pull rate limit; it asks to wait 60 s") == true)
      }
      #expect(clock.sleeps == [.seconds(60), .seconds(60)])
    }
  }

  /// Nobody wants a pull that sleeps for hours: the error says when to come back.
  @Test func rateLimitBeyondPatience() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.status(429, headers: ["Retry-After": "21600"])) { $0.path != "/v2/" }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 3, configure: { $0.clock = clock.clock }) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfter == .seconds(21_600))
        #expect(error?.detail.contains("it asks to wait 21600 s") == true)
      }
      #expect(clock.sleeps.isEmpty)
    }
  }

  @Test func faultThatPasses() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let reference = registry.add(image)
      registry.inject(.status(502), times: 1) { $0.path != "/v2/" }
      registry.inject(.truncate(after: 5), times: 1) { $0.path != "/v2/" }
      registry.inject(.status(500), times: 1) { $0.path != "/v2/" }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 4, configure: { $0.clock = clock.clock }) { client in
        let resolved = try await client.image(reference, platform: .host)
        #expect(resolved.descriptor.digest == image.root.descriptor.digest)
      }
      #expect(clock.sleeps.count == 3)
    }
  }

  @Test func faultThatStays() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.status(500, body: "upstream is down")) { $0.path != "/v2/" }
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 4, configure: { $0.clock = clock.clock }) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.code == .fault)
        #expect(error?.detail == "\(registry.host) answered 500: upstream is down")
      }
      #expect(registry.requests.filter { $0.path != "/v2/" }.count == 4)
    }
  }

  @Test(arguments: [
    ("application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
    ("application/vnd.example.thing+json", "application/vnd.example.thing+json"),
    ("image/png; charset=none", "image/png"),
  ])
  func unknownMediaType(_ type: String, _ said: String) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(manifest: SampleImage.Blob(Array("{}".utf8), mediaType: type))
      try await withClient { client in
        for error in [
          await #expect(throws: RegistryError.self) { try await client.resolve(reference) },
          await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) },
        ] {
          #expect(error?.code == .unsupportedMediaType)
          #expect(error?.detail.contains(said) == true)
        }
      }
    }
  }

  /// Registries on plain object stores serve manifests under vague types.
  @Test(arguments: ["application/json", "text/plain; charset=utf-8", "application/octet-stream"])
  func vagueMediaType(_ type: String) async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage(indexed: true)
      let reference = registry.add(image)
      registry.inject(.headers(["Content-Type": type]))
      try await withClient { client in
        #expect(try await client.resolve(reference).mediaType == MediaType.ociIndex)
        let resolved = try await client.image(reference, platform: .host)
        #expect(resolved.manifestDescriptor.digest == image.variants[0].manifest.descriptor.digest)
      }
    }
  }

  @Test func page() async throws {
    try await withEmbeddedRegistry { registry in
      let page = SampleImage.Blob(Array("<!DOCTYPE html><title>Sign in</title>".utf8), mediaType: "text/html")
      let reference = registry.add(manifest: page)
      registry.inject(.status(403, body: "<html>no</html>")) { $0.path.hasSuffix("/forbidden") }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .fault)
        #expect(error?.detail == "\(registry.host) answered with an HTML page")
        let other = Reference(registry: registry.host, repository: "test/image", tag: "forbidden", digest: nil)
        let denied = await #expect(throws: RegistryError.self) { try await client.image(other, platform: .host) }
        #expect(denied?.code == .denied)
        #expect(
          denied?.detail.contains("an HTML page; is a proxy or a login page in front of the registry?") == true)
      }
    }
  }

  @Test(arguments: ["", "no JSON", "[]", #"{"schemaVersion":2,"layers":7}"#, #"{"manifests":[{"digest":"sha256:1"}]}"#])
  func brokenManifest(_ text: String) async throws {
    try await withEmbeddedRegistry { registry in
      for type in [MediaType.ociManifest, MediaType.ociIndex, "application/json"] {
        let reference = registry.add(manifest: SampleImage.Blob(Array(text.utf8), mediaType: type))
        try await withClient { client in
          let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
          #expect([.fault, .malformedImage].contains(error?.code))
          #expect(error?.isRetryable == false)
          #expect(error?.detail.contains("Coding") == false, "\(error?.detail ?? "")")
        }
      }
    }
  }

  @Test func noSuchPlatform() async throws {
    try await withEmbeddedRegistry { registry in
      let platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"].compactMap { try? Platform(parsing: $0) }
      let reference = registry.add(try SampleImage(platforms: platforms))
      try await withClient { client in
        let platform = Platform(os: "linux", architecture: "s390x")
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: platform) }
        #expect(error?.code == .noPlatform)
        #expect(error?.operation == "find the image for linux/s390x in")
        #expect(error?.detail == "it has images for linux/amd64, linux/arm64, linux/arm/v7 only")
      }
    }
  }

  @Test(arguments: [true, false])
  func manifestOfFiveMegabytes(_ tellsItsLength: Bool) async throws {
    try await withEmbeddedRegistry { registry in
      let padding = String(repeating: "x", count: 5 << 20)
      let bytes = Array(#"{"schemaVersion":2,"annotations":{"a":"\#(padding)"}}"#.utf8)
      let reference = registry.add(manifest: SampleImage.Blob(bytes, mediaType: MediaType.ociManifest))
      if !tellsItsLength { registry.inject(.withoutHeader("Content-Length")) }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.code == .tooLarge)
        if tellsItsLength {
          let resolved = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(resolved?.code == .tooLarge)
        }
      }
    }
  }

  /// The word of a HEAD is checked as soon as something is fetched by it.
  @Test func lyingDigests() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let other = try SampleImage(seed: 9).root
      let reference = registry.add(image)
      registry.inject(.headers(["Docker-Content-Digest": other.descriptor.digest.description]))
      try await withClient { client in
        let byTag = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(byTag?.code == .digestMismatch)
      }
      registry.clearFaults()
      registry.inject(.corrupt) { $0.path.contains("/manifests/sha256:") }
      try await withClient { client in
        let descriptor = try await client.resolve(reference)
        let byDigest = await #expect(throws: RegistryError.self) {
          try await client.image(reference, platform: .host, descriptor: descriptor)
        }
        #expect(byDigest?.code == .digestMismatch)
        #expect(byDigest?.detail.contains("the content has the digest sha256:") == true)
      }
      registry.clearFaults()
      registry.inject(.headers(["Docker-Content-Digest": "md5:1"]))
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .fault)
      }
    }
  }

  @Test(arguments: [
    RegistryFault.status(404), .status(405), .withoutHeader("Docker-Content-Digest"), .headers(["Content-Type": ""]),
    .status(400), .status(401), .status(403), .status(500), .status(501), .headers(["Content-Length": "0"]),
    .headers(["Docker-Content-Digest": "md5:1"]), .headers(["Docker-Content-Digest": ""]),
  ])
  func headThatDoesNotTell(_ fault: RegistryFault) async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let reference = registry.add(image)
      registry.inject(fault) { $0.method == "HEAD" }
      try await withClient { client in
        let descriptor = try await client.resolve(reference)
        #expect(descriptor.digest == image.root.descriptor.digest)
        #expect(descriptor.mediaType == MediaType.ociManifest)
      }
      #expect(registry.requests.map(\.method) == ["GET", "HEAD", "GET"])
    }
  }

  /// Whoever stands before a registry may know its digests and not its lengths.
  @Test func headThatLiesAboutLengthAndType() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage(indexed: true)
      let reference = registry.add(image)
      registry.inject(.headers(["Content-Length": "7", "Content-Type": MediaType.dockerManifest])) {
        $0.method == "HEAD"
      }
      try await withClient { client in
        let descriptor = try await client.resolve(reference)
        let resolved = try await client.image(reference, platform: .host, descriptor: descriptor)
        #expect(resolved.descriptor == image.root.descriptor)
      }
    }
  }

  @Test func contentCodings() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      try await withClient { client in
        _ = try await client.image(reference, platform: .host)
        #expect(registry.requests.allSatisfy { $0.headers["accept-encoding"] == "identity" })
        registry.inject(.headers(["Content-Encoding": "gzip"])) { $0.method == "GET" }
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.detail.contains("content coding gzip") == true)
      }
    }
  }

  @Test("Headers that are no more than untidy are no faults, as for containerd")
  func untidyHeaders() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      let reference = registry.add(image)
      registry.inject(
        .headers(["Content-Encoding": "aws-chunked", "Docker-Content-Digest": " \(image.root.descriptor.digest) "])
      ) { $0.path.contains("/manifests/") }
      try await withClient { client in
        let resolved = try await client.image(reference, platform: .host)
        #expect(resolved.descriptor.digest == image.root.descriptor.digest)
      }
    }
  }

  @Test(arguments: [true, false])
  func headerAndDocumentDisagree(_ isIndex: Bool) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage(indexed: isIndex))
      registry.inject(.headers(["Content-Type": isIndex ? MediaType.ociManifest : MediaType.ociIndex])) {
        $0.path.hasSuffix("/v1")
      }
      try await withClient { client in
        let error = await #expect(throws: RegistryError.self) { try await client.image(reference, platform: .host) }
        #expect(error?.code == .malformedImage)
        #expect(error?.detail.hasSuffix("they disagree") == true)
      }
    }
  }

  @Test func rateLimitIsTold() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      try await withClient { client in
        let before = try await client.image(reference, platform: .host)
        #expect(before.rateLimit == nil)
        registry.inject(.headers(["RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "76;w=21600"]))
        let after = try await client.image(reference, platform: .host)
        #expect(after.rateLimit?.remaining == 76)
      }
    }
  }
}
