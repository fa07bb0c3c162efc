import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Real runtimes in trouble.
  @Suite(.timeLimit(.minutes(10))) struct DaemonFaultTests {
    /// An image of which the registry sends the first 3 MiB and then nothing more.
    private func stalling(_ registry: EmbeddedRegistry) throws -> PullOrder {
      let image = try SampleImage(layers: [4_000_000])
      let layer = image.variants[0].layers[0].descriptor.digest.description
      registry.inject(.stall(after: 3 << 20)) { $0.method == "GET" && $0.path.hasSuffix(layer) }
      return try image.order(registry.add(image))
    }

    private func expectDeath(
      of daemon: Daemon, in runtime: any Runtime, _ registry: EmbeddedRegistry
    ) async throws {
      let order = try stalling(registry)
      let log = ProgressLog()
      let pull = Task { try await runtime.pull(order, progress: log.report) }
      try await log.waitForLayer(of: order)
      daemon.kill()
      let error = await #expect(throws: RuntimeError.self) { try await pull.value }
      #expect(error?.code == .died)
      #expect(error?.isRetryable == true)
      let next = await #expect(throws: RuntimeError.self) { try await runtime.list() }
      // A process that is being torn down may still take a connection.
      #expect([.unreachable, .died].contains(next?.code))
    }

    @Test(arguments: ContainerdRelease.all) func containerdDies(_ release: ContainerdRelease) async throws {
      try await withEmbeddedRegistry { registry in
        try await withContainerd(ContainerdOptions(release: release)) { containerd in
          try await RuntimeUnderTest.connect(containerd.endpoint) {
            try await expectDeath(of: containerd.daemon, in: $0, registry)
          }
        }
      }
    }

    @Test func dockerdDies() async throws {
      try await withEmbeddedRegistry { registry in
        try await withDockerd { dockerd in
          try await RuntimeUnderTest.connect(dockerd.endpoint) {
            try await expectDeath(of: dockerd.daemon, in: $0, registry)
          }
        }
      }
    }

    @Test(arguments: RuntimeUnderTest.allCases) func aPullThatStandsStillIsEnded(_ kind: RuntimeUnderTest) async throws
    {
      try await kind.run(limits: .test(stall: .seconds(2))) { runtime, registry in
        let order = try stalling(registry)
        let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
        #expect(error?.code == .timedOut)
        #expect(error?.isRetryable == true)
        #expect(try await runtime.list().isEmpty)
      }
    }

    @Test func containerdDoesNotAnswer() async throws {
      try await withContainerd { containerd in
        try await RuntimeUnderTest.connect(containerd.endpoint, .test(call: .seconds(1))) { runtime in
          _ = try await runtime.identify()
          try await containerd.daemon.suspend()
          let error = await #expect(throws: RuntimeError.self) { try await runtime.list() }
          #expect(error?.code == .timedOut)
        }
      }
    }

    @Test func dockerdDoesNotAnswer() async throws {
      try await withDockerd { dockerd in
        try await RuntimeUnderTest.connect(dockerd.endpoint, .test(call: .seconds(1))) { runtime in
          try await dockerd.daemon.suspend()
          let error = await #expect(throws: RuntimeError.self) { try await runtime.list() }
          #expect(error?.code == .timedOut)
        }
      }
    }

    /// The disk is too small for the layer, and large enough for what the daemon itself writes.
    private func expectFull(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
      let image = try SampleImage(layers: [40_000_000])
      let order = try image.order(registry.add(image))
      let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
      #expect(error?.code == .noSpace, "\(error?.description ?? "")")
      #expect(error?.isRetryable == false)
      #expect(try await runtime.image(order.reference) == nil)
      let small = try SampleImage(seed: 3)
      let smallOrder = try small.order(registry.add(small, to: "test/small"))
      // The daemon gives the room back some time after it has said no.
      try await eventually("room for a small image") {
        do {
          _ = try await runtime.pull(smallOrder, progress: { _ in })
          return true
        } catch let error as RuntimeError where error.code == .noSpace {
          return false
        }
      }
    }

    @Test(arguments: ContainerdRelease.all) func containerdIsFull(_ release: ContainerdRelease) async throws {
      try await withEmbeddedRegistry { registry in
        try await withContainerd(ContainerdOptions(diskSize: 24 << 20, release: release)) { containerd in
          try await RuntimeUnderTest.connect(containerd.endpoint) { try await expectFull($0, registry) }
        }
      }
    }

    @Test func dockerdIsFull() async throws {
      try await withEmbeddedRegistry { registry in
        try await withDockerd(diskSize: 24 << 20) { dockerd in
          try await RuntimeUnderTest.connect(dockerd.endpoint) { try await expectFull($0, registry) }
        }
      }
    }

    /// What containerd left of a pull that was cancelled, or of one in which its own writing failed.
    @Test(arguments: ContainerdRelease.all)
    func containerdKeepsNothingHalfMade(_ release: ContainerdRelease) async throws {
      try await withEmbeddedRegistry { registry in
        try await withContainerd(ContainerdOptions(release: release)) { containerd in
          try await RuntimeUnderTest.connect(containerd.endpoint) { runtime in
            let order = try stalling(registry)
            let log = ProgressLog()
            let pull = Task { try await runtime.pull(order, progress: log.report) }
            try await log.waitForLayer(of: order)
            #expect(try containerd.ingests().count == 1)
            pull.cancel()
            _ = await pull.result
            // It collects its garbage in its own time.
            try await eventually("no ingest") { try containerd.ingests().isEmpty }
            #expect(try await containerd.ctr("images", "ls", "--quiet").isEmpty)
          }
        }
      }
    }

    @Test func dockerdStopsDownloading() async throws {
      try await withEmbeddedRegistry { registry in
        try await withDockerd { dockerd in
          try await RuntimeUnderTest.connect(dockerd.endpoint) { runtime in
            let order = try stalling(registry)
            let log = ProgressLog()
            let pull = Task { try await runtime.pull(order, progress: log.report) }
            try await log.waitForLayer(of: order)
            #expect(dockerd.downloads().count == 1)
            pull.cancel()
            _ = await pull.result
            try await eventually("no download") { dockerd.downloads().isEmpty }
          }
        }
      }
    }

    @Test func containerdWithoutCRI() async throws {
      try await withContainerd(ContainerdOptions(hasCRI: false)) { containerd in
        try await RuntimeUnderTest.connect(containerd.endpoint) { runtime in
          let error = await #expect(throws: RuntimeError.self) { try await runtime.identify() }
          #expect(error?.code == .unsupported)
          #expect(error?.remedy.contains("disabled_plugins") == true)
        }
      }
    }
  }
}
