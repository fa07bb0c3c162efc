import ImageModel
import KubeAPIServer
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// What real runtimes tell of a registry in trouble.
  @Suite(.timeLimit(.minutes(10))) struct RegistryFaultTests {
    private struct Trouble: Sendable {
      let fault: RegistryFault
      /// Part of the path of the requests that go wrong.
      let path: String
      let code: RuntimeError.Code
    }

    private func expect(_ troubles: [Trouble], _ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
      for (number, trouble) in troubles.enumerated() {
        registry.clearFaults()
        registry.inject(trouble.fault) { $0.path.contains(trouble.path) }
        let image = try SampleImage(seed: UInt64(100 + number))
        let order = try image.order(registry.add(image, to: "test/trouble\(number)"))
        let error = await #expect(throws: RuntimeError.self, "\(trouble)") {
          try await runtime.pull(order, progress: { _ in })
        }
        #expect(error?.code == trouble.code, "\(trouble): \(error?.description ?? "")")
      }
    }

    @Test(arguments: ContainerdRelease.all) func containerd(_ release: ContainerdRelease) async throws {
      try await RuntimeUnderTest.containerd(release).run { runtime, registry in
        try await expect(
          [
            Trouble(fault: .status(403), path: "/manifests/", code: .registry(.denied)),
            Trouble(
              fault: .status(429, headers: ["Retry-After": "7"]), path: "/manifests/", code: .registry(.rateLimited)),
            Trouble(fault: .status(500), path: "/manifests/", code: .registry(.fault)),
            Trouble(fault: .status(503), path: "/blobs/", code: .registry(.fault)),
            Trouble(fault: .status(404), path: "/blobs/", code: .registry(.notFound)),
            Trouble(fault: .corrupt, path: "/blobs/", code: .registry(.digestMismatch)),
            Trouble(fault: .truncate(after: 0), path: "/blobs/", code: .registry(.truncated)),
          ], runtime, registry)
      }
    }

    @Test func dockerd() async throws {
      try await RuntimeUnderTest.dockerd.run { runtime, registry in
        try await expect(
          [
            Trouble(fault: .status(403), path: "/manifests/", code: .registry(.denied)),
            Trouble(
              fault: .status(429, headers: ["Retry-After": "7"]), path: "/manifests/", code: .registry(.rateLimited)),
            Trouble(fault: .status(500), path: "/manifests/", code: .registry(.fault)),
            Trouble(fault: .status(404), path: "/blobs/", code: .registry(.notFound)),
            Trouble(fault: .corrupt, path: "/blobs/", code: .registry(.digestMismatch)),
          ], runtime, registry)
      }
    }

    @Test(arguments: RuntimeUnderTest.allCases) func unknownMediaType(_ kind: RuntimeUnderTest) async throws {
      try await kind.run { runtime, registry in
        let manifest = SampleImage.Blob(
          Array(#"{"schemaVersion":2,"mediaType":"application/vnd.example.thing+json"}"#.utf8),
          mediaType: "application/vnd.example.thing+json")
        let order = PullOrder(reference: registry.add(manifest: manifest), platform: .host)
        let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
        #expect(error?.code == .registry(.unsupportedMediaType), "\(error?.description ?? "")")
        let left = try await runtime.image(order.reference)
        #expect(left == nil)
      }
    }

    @Test(arguments: ContainerdRelease.all)
    func containerdTrustsTheRightAuthorityOnly(_ release: ContainerdRelease) async throws {
      let (right, wrong) = (try CertificateAuthority(), try CertificateAuthority(name: "Another authority"))
      try await withEmbeddedRegistry(tls: try right.issue()) { registry in
        let image = try SampleImage()
        let order = try image.order(registry.add(image))
        for (certificates, code) in [(wrong, RuntimeError.Code.registry(.tls)), (right, nil)] {
          try await withTemporaryFolder { folder in
            let authority = try certificates.writeAuthority(to: folder)
            try await withContainerd(
              ContainerdOptions(authorities: [registry.host: authority], release: release)
            ) { containerd in
              try await RuntimeUnderTest.connect(containerd.endpoint) { runtime in
                do {
                  _ = try await runtime.pull(order, progress: { _ in })
                  #expect(code == nil)
                } catch let error as RuntimeError {
                  #expect(error.code == code, "\(error)")
                }
              }
            }
          }
        }
      }
    }
  }
}
