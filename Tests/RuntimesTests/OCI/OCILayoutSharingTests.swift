import Documents
import Foundation
import ImageModel
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: several writers", .timeLimit(.minutes(10)))
struct OCILayoutSharingTests {
  @Test func twoWritersShareTheWork() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000, 500_000, 1_000_000])
      let reference = lab.registry.add(image)
      let pulled = try await withThrowingTaskGroup(of: RuntimeImage.self) { group in
        for _ in 0..<4 {
          let runtime = lab.runtime()
          group.addTask { try await runtime.pull(lab.order(reference)) { _ in } }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(pulled).count == 1)
      for layer in image.variants[0].layers {
        #expect(lab.offsets(of: layer.descriptor) == [0])
        #expect(lab.blob(layer.descriptor) == layer.bytes)
      }
      #expect(lab.partials == [] && lab.leases == [])
      #expect(try lab.index()["manifests"]?.array?.count == 1)
    }
  }

  @Test func imagesThatShareALayerFetchItOnce() async throws {
    try await withLayoutLab { lab in
      // The same seed gives the same first layers.
      let small = try SampleImage(layers: [3_000_000])
      let big = try SampleImage(layers: [3_000_000, 10_000])
      let references = [lab.registry.add(small, tag: "small"), lab.registry.add(big, tag: "big")]
      let runtime = lab.runtime()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for reference in references {
          group.addTask { _ = try await runtime.pull(lab.order(reference)) { _ in } }
        }
        try await group.waitForAll()
      }
      #expect(lab.offsets(of: small.variants[0].layers[0].descriptor) == [0])
      #expect(try await runtime.list().count == 2)
    }
  }

  @Test func oneDigestUnderTwoReferencesIsOneImage() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage()
      let references = [lab.registry.add(image, tag: "a"), lab.registry.add(image, tag: "b")]
      for reference in references { _ = try await lab.runtime().pull(lab.order(reference)) { _ in } }
      #expect(try await lab.runtime().list().map(\.references) == [references.map(\.description)])
    }
  }

  /// A process that holds the lock on a partial blob, as another Prepull does that writes it.
  private func holdLock(on path: String) async throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/flock")
    process.arguments = ["--no-fork", path, "sleep", "600"]
    try process.run()
    try await eventually { try !OpenFile(.init(path), .readOnly).tryLock() }
    return process
  }

  @Test func takesOverFromAWriterThatWasKilled() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      try lab.leave(layer.bytes.prefix(700_000), of: layer.descriptor)
      let other = try await holdLock(on: "\(lab.layout.partial(layer.descriptor.digest))")
      defer { other.terminate() }
      let progress = ProgressRecord()
      async let pulled = lab.runtime().pull(lab.order(reference)) { progress.add($0) }
      // The other one's progress counts as ours.
      try await progress.wait { $0.completedBytes >= 700_000 }
      #expect(lab.offsets(of: layer.descriptor) == [])
      kill(other.processIdentifier, SIGKILL)
      _ = try await pulled
      #expect(lab.offsets(of: layer.descriptor) == [700_000])
      #expect(lab.blob(layer.descriptor) == layer.bytes)
      #expect(progress.isMonotonic)
    }
  }

  @Test func doesNotWaitForEverForAWriterThatStands() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      try lab.leave([1], of: layer.descriptor)
      let other = try await holdLock(on: "\(lab.layout.partial(layer.descriptor.digest))")
      defer { kill(other.processIdentifier, SIGKILL) }
      let error = await #expect(throws: RuntimeError.self) {
        try await lab.runtime(stallLimit: .milliseconds(300)).pull(lab.order(reference)) { _ in }
      }
      #expect(error?.code == .timedOut && error?.detail.contains("another program is writing") == true)
      #expect(lab.partials.count == 1)
    }
  }

  @Test func aWaitingPullCanBeCancelled() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      try lab.leave([1], of: layer.descriptor)
      let other = try await holdLock(on: "\(lab.layout.partial(layer.descriptor.digest))")
      defer { kill(other.processIdentifier, SIGKILL) }
      let progress = ProgressRecord()
      let pull = Task { try await lab.runtime().pull(lab.order(reference)) { progress.add($0) } }
      try await progress.wait { $0.completedBytes > 0 }
      pull.cancel()
      await #expect(throws: CancellationError.self) { try await pull.value }
      // It is the other one's.
      #expect(lab.partials.count == 1 && lab.leases == [])
    }
  }

  @Test func aFinishedWriterIsSeenByTheOneWhoWaits() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      lab.inject(.stall(after: 1_000_000), into: layer.descriptor, times: 1)
      let first = Task { try await lab.runtime().pull(lab.order(reference)) { _ in } }
      try await eventually { lab.offsets(of: layer.descriptor) == [0] }
      async let second = lab.runtime().pull(lab.order(reference)) { _ in }
      // The first gives up, and what it had goes with it; the second takes over.
      first.cancel()
      await #expect(throws: CancellationError.self) { try await first.value }
      _ = try await second
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }
}
