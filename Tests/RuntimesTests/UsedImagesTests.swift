import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Which images real containers use.
  @Suite(.timeLimit(.minutes(10))) struct UsedImagesTests {
    @Test(arguments: ContainerdRelease.all) func ofPods(_ release: ContainerdRelease) async throws {
      try await withEmbeddedRegistry { registry in
        let options = ContainerdOptions(sandboxImage: try SleepingImage.add(to: registry).description, release: release)
        try await withContainerd(options) { containerd in
          let endpoint = try RuntimeEndpoint(parsing: containerd.endpoint)
          try await CRIConnection.with(endpoint, limits: .test()) { connection in
            let runtime = CRIRuntime(connection)
            let (used, unused) = (try SampleImage(seed: 1), try SampleImage(seed: 2))
            let (one, two) = (registry.add(used, to: "test/one"), registry.add(used, to: "test/two"))
            let other = registry.add(unused, to: "test/other")
            for (image, reference) in [(used, one), (used, two), (unused, other)] {
              _ = try await runtime.pull(image.order(reference), progress: { _ in })
            }
            let held = try #require(try await runtime.image(one))
            #expect(try await runtime.used().isEmpty)
            let pod = try await CRIPod.run(named: "p", at: containerd)
            // As the kubelet does: by identifier.
            let container = try await pod.createContainer("c", image: held.id, for: one.description)
            let names = try await runtime.used()
            #expect(names.isSuperset(of: [held.id, one.description, two.description]))
            #expect(names.isSuperset(of: held.references))
            let id = try #require(try await runtime.image(other)).id
            #expect(names.isDisjoint(with: [id, other.description]))
            try await pod.removeContainer(container)
            #expect(try await runtime.used().isEmpty)
            try await pod.remove()
          }
        }
      }
    }

    @Test func ofDocker() async throws {
      try await withEmbeddedRegistry { registry in
        try await withDockerd { dockerd in
          try await RuntimeUnderTest.connect(dockerd.endpoint) { runtime in
            let (used, unused) = (try SampleImage(seed: 1), try SampleImage(seed: 2))
            let (one, other) = (registry.add(used, to: "test/one"), registry.add(unused, to: "test/other"))
            for (image, reference) in [(used, one), (unused, other)] {
              _ = try await runtime.pull(image.order(reference), progress: { _ in })
            }
            #expect(try await runtime.used().isEmpty)
            try await dockerd.docker("create", one.description, "/x")
            let names = try await runtime.used()
            let held = try #require(try await runtime.image(one))
            #expect(names.isSuperset(of: [held.id, one.description]))
            #expect(names.isDisjoint(with: [try #require(try await runtime.image(other)).id, other.description]))
            guard case .unsupported = try await runtime.pinning() else {
              Issue.record("docker pins")
              return
            }
            #expect(try await runtime.changes() == nil)
          }
        }
      }
    }
  }
}
