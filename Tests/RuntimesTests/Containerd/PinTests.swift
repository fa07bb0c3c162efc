import ImageModel
import SwiftProtobuf
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// What the kubelet's garbage collection sees of pins, at a real containerd.
  @Suite(.timeLimit(.minutes(10))) struct PinTests {
    private static let withPins = ContainerdRelease.all.filter { $0 != .system }

    private func connect(_ lab: FastLab, _ body: (CRIConnection, CRIRuntime) async throws -> Void) async throws {
      try await CRIConnection.with(RuntimeEndpoint(parsing: lab.containerd.endpoint), limits: .test()) {
        try await body($0, CRIRuntime($0))
      }
    }

    /// Waits until both of CRI's answers say that an image is pinned, or that it is not: they follow containerd's events.
    private func expect(
      _ isPinned: Bool, _ reference: Reference, _ connection: CRIConnection, line: Int = #line
    ) async throws {
      try await eventually("pinned: \(isPinned)", within: .seconds(20), line: line) {
        let list = try await connection.images.listImages(.init()).images
        let status = try await connection.images.imageStatus(.with { $0.image.image = reference.description }).image
        let same = list.filter { $0.id == status.id }
        return same.count == 1 && same[0].pinned == isPinned && status.pinned == isPinned
      }
    }

    @Test(arguments: withPins) func pinsAndReleases(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await connect(lab) { connection, runtime in
          #expect(try await runtime.pinning() == .supported)
          // What is not there is left alone.
          try await runtime.pin(reference, true)
          let held = try await runtime.pull(image.order(reference), progress: { _ in })
          try await expect(false, reference, connection)
          try await runtime.pin(reference, true)
          try await expect(true, reference, connection)
          // A pull by the kubelet takes labels from the tag. One name that still has it is enough.
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          try await expect(true, reference, connection)
          try await runtime.pin(reference, true)
          let names = ContainerdNames(connection: connection)
          for name in [held.id] + held.references {
            #expect(try await names.labels(of: name)[ContainerdNames.pin] == "pinned", "\(name)")
          }
          try await runtime.pin(reference, false)
          try await expect(false, reference, connection)
          for name in [held.id] + held.references {
            #expect(try await names.labels(of: name) == ["io.cri-containerd.image": "managed"], "\(name)")
          }
        }
      }
    }

    /// The kubelet leaves a pinned image alone; who removes it all the same, by name or identifier, can.
    @Test(arguments: withPins) func outlivesARestartAndCanBeRemoved(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await connect(lab) { connection, runtime in
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          try await runtime.pin(reference, true)
        }
        try await lab.containerd.restarted { again in
          try await connect(FastLab(containerd: again, registry: lab.registry)) { connection, runtime in
            try await expect(true, reference, connection)
            let id = try #require(try await runtime.image(reference)).id
            _ = try await connection.images.removeImage(.with { $0.image.image = id })
            #expect(try await runtime.image(reference) == nil)
            #expect(try await again.ctr("images", "ls", "-q").isEmpty)
          }
        }
      }
    }

    /// So a pull that takes the label from the tag does not matter.
    @Test(arguments: withPins) func oneNameIsEnough(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await connect(lab) { connection, runtime in
          let held = try await runtime.pull(image.order(reference), progress: { _ in })
          let names = ContainerdNames(connection: connection)
          for name in [held.id] + held.references {
            try await names.pin(name)
            try await expect(true, reference, connection)
            try await names.unpin(name)
            try await expect(false, reference, connection)
          }
        }
      }
    }

    @Test(arguments: withPins) func releasesWhatNobodyWantsAnyMore(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let (old, new, other) = (try SampleImage(seed: 1), try SampleImage(seed: 2), try SampleImage(seed: 3))
        let tag = lab.registry.add(old, to: "test/moving")
        let beside = lab.registry.add(other, to: "test/beside")
        try await connect(lab) { connection, runtime in
          for (image, reference) in [(old, tag), (other, beside)] {
            _ = try await runtime.pull(image.order(reference), progress: { _ in })
            try await runtime.pin(reference, true)
          }
          // The tag moves; what it stood for is pinned by its digest.
          _ = lab.registry.add(new, to: "test/moving")
          _ = try await runtime.pull(new.order(tag), progress: { _ in })
          try await runtime.pin(tag, true)
          let digest = tag.at(old.root.descriptor.digest)
          try await expect(true, digest, connection)
          try await runtime.unpin(allBut: [tag])
          try await expect(false, digest, connection)
          try await expect(false, beside, connection)
          try await expect(true, tag, connection)
        }
      }
    }

    /// CRI itself pins the image that pods begin with.
    @Test(arguments: withPins) func leavesPinsOfOthersAlone(_ release: ContainerdRelease) async throws {
      try await withEmbeddedRegistry { registry in
        let image = try SampleImage(gzip: true)
        let reference = registry.add(image)
        let options = ContainerdOptions(sandboxImage: reference.description, release: release)
        try await withContainerd(options) { containerd in
          try await connect(FastLab(containerd: containerd, registry: registry)) { connection, runtime in
            _ = try await runtime.pull(image.order(reference), progress: { _ in })
            try await expect(true, reference, connection)
            try await runtime.pin(reference, true)
            try await runtime.pin(reference, false)
            try await runtime.unpin(allBut: [])
            let names = try await ContainerdNames(connection: connection).labelled(ContainerdNames.pin)
            #expect(names.contains(reference.description))
            try await expect(true, reference, connection)
          }
        }
      }
    }

    @Test func saysWhereItCannot() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await lab.connect(.auto) { runtime, _ in
          let version = try await runtime.identify().version
          #expect(
            try await runtime.pinning()
              == .unsupported("containerd \(version) knows no pins; 1.6.22, 1.7.3 and 2 do"))
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          try await runtime.pin(reference, true)
          try await runtime.unpin(allBut: [])
          let list = try await lab.containerd.ctr("images", "ls")
          #expect(!list.contains("pinned"))
        }
      }
    }

    /// Marks stay with the image when a kubelet pulls it again, and not when it gets the name of another repository.
    @Test(arguments: ContainerdRelease.all) func knowsWhatItPulled(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await lab.connect(.auto) { runtime, _ in
          #expect(try await !runtime.isPulledByUs(reference))
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          #expect(try await !runtime.isPulledByUs(reference))
          try await runtime.markPulled(reference)
          #expect(try await runtime.isPulledByUs(reference))
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          #expect(try await runtime.isPulledByUs(reference))
          let other = lab.registry.add(image, to: "test/other")
          _ = try await runtime.pull(image.order(other), progress: { _ in })
          #expect(try await !runtime.isPulledByUs(reference))
        }
      }
    }
  }
}
