import Documents
import Foundation
import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: interrupted and damaged downloads", .timeLimit(.minutes(10)))
struct OCILayoutFaultTests {
  /// An image whose one layer is big enough to be cut.
  private func sample() throws -> (image: SampleImage, layer: SampleImage.Blob) {
    let image = try SampleImage(layers: [3_000_000])
    return (image, image.variants[0].layers[0])
  }

  @Test func goesOnWhereAKilledPullStopped() async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      try lab.leave(layer.bytes.prefix(1_234_567), of: layer.descriptor)
      let progress = ProgressRecord()
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { progress.add($0) }
      #expect(lab.offsets(of: layer.descriptor) == [1_234_567])
      #expect(lab.blob(layer.descriptor) == layer.bytes)
      #expect(progress.isMonotonic && progress.last?.completedBytes == progress.last?.totalBytes)
    }
  }

  @Test func aWholePartialNeedsNoRequest() async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      try lab.leave(layer.bytes, of: layer.descriptor)
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      #expect(lab.offsets(of: layer.descriptor) == [])
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }

  @Test(arguments: [1_000_000, 3_001_536, 4_000_000])
  func aWrongPartialIsThrownAway(count: Int) async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      try lab.leave([UInt8](repeating: 7, count: count), of: layer.descriptor)
      let progress = ProgressRecord()
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { progress.add($0) }
      #expect(lab.offsets(of: layer.descriptor).last == 0)
      #expect(lab.blob(layer.descriptor) == layer.bytes)
      #expect(progress.isMonotonic)
    }
  }

  @Test func cutConnectionsAreResumed() async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      lab.inject(.truncate(after: 1_200_000), into: layer.descriptor, times: 2)
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      let offsets = lab.offsets(of: layer.descriptor)
      #expect(offsets.count == 3 && offsets[0] == 0 && offsets[0] < offsets[1] && offsets[1] < offsets[2])
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }

  @Test func aDownloadThatMovesOnDoesNotUseUpItsTries() async throws {
    try await withLayoutLab(attempts: 2) { lab in
      let image = try SampleImage(layers: [9_000_000])
      let layer = image.variants[0].layers[0]
      lab.inject(.truncate(after: 1_100_000), into: layer.descriptor, times: 8)
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }

  @Test func aStalledBodyIsGivenUpAndResumed() async throws {
    try await withLayoutLab(idleTimeout: .seconds(3)) { lab in
      let (image, layer) = try sample()
      lab.inject(.stall(after: 2_000_000), into: layer.descriptor, times: 1)
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      #expect(lab.offsets(of: layer.descriptor) == [0, 2_000_000])
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }

  @Test(arguments: [RegistryFault.ignoreRange, .status(416)])
  func startsOverWhereRangesAreNotServed(fault: RegistryFault) async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      try lab.leave(layer.bytes.prefix(2_000_000), of: layer.descriptor)
      lab.inject(fault, into: layer.descriptor, times: 1)
      let progress = ProgressRecord()
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { progress.add($0) }
      #expect(lab.offsets(of: layer.descriptor).first == 2_000_000)
      #expect(lab.blob(layer.descriptor) == layer.bytes)
      #expect(progress.isMonotonic)
    }
  }

  @Test func damagedContentIsFetchedOnceMore() async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      lab.inject(.corrupt, into: layer.descriptor, times: 1)
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }

  @Test func contentThatStaysDamagedIsNotStored() async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      let reference = lab.registry.add(image)
      lab.inject(.corrupt, into: layer.descriptor)
      let error = await #expect(throws: RuntimeError.self) {
        try await lab.runtime().pull(lab.order(reference)) { _ in }
      }
      #expect(error?.code.name == "digestMismatch")
      #expect(error?.description.contains(layer.descriptor.digest.description) == true)
      #expect(lab.offsets(of: layer.descriptor) == [0, 0])
      #expect(lab.blob(layer.descriptor) == nil)
      #expect(try await lab.runtime().image(reference) == nil)

      lab.registry.clearFaults()
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
    }
  }

  @Test func aFailureKeepsWhatHasCome() async throws {
    try await withLayoutLab(idleTimeout: .seconds(3)) { lab in
      let (image, layer) = try sample()
      let reference = lab.registry.add(image)
      lab.inject(.stall(after: 1_500_000), into: layer.descriptor, times: 1)
      lab.inject(.status(500), into: layer.descriptor)
      let error = await #expect(throws: RuntimeError.self) {
        try await lab.runtime().pull(lab.order(reference)) { _ in }
      }
      #expect(error?.code == .registry(.fault))
      #expect(lab.partials.count == 1 && lab.leases == [])
      #expect(try lab.index()["manifests"] == .array([]))

      lab.registry.clearFaults()
      lab.registry.clearRequests()
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      #expect(lab.offsets(of: layer.descriptor) == [1_500_000])
    }
  }

  @Test(arguments: [(401, "unauthorized"), (403, "denied"), (404, "notFound")])
  func refusalsEndThePullAtOnce(status: Int, code: String) async throws {
    try await withLayoutLab { lab in
      let (image, layer) = try sample()
      lab.inject(.status(status), into: layer.descriptor)
      let error = await #expect(throws: RuntimeError.self) {
        try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      }
      #expect(error?.code.name == code)
      #expect(lab.offsets(of: layer.descriptor).count == 1)
    }
  }

  @Test func anUnknownImageIsTheRegistrysFault() async throws {
    try await withLayoutLab { lab in
      let reference = Reference(registry: lab.registry.host, repository: "no/such", tag: "v1", digest: nil)
      let error = await #expect(throws: RuntimeError.self) {
        try await lab.runtime().pull(lab.order(reference)) { _ in }
      }
      #expect(error?.code == .registry(.notFound))
      #expect(!FileManager.default.fileExists(atPath: lab.path))
    }
  }

  @Test func aCancelledPullLeavesNothingHalfMade() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000, 3_000_000])
      let reference = lab.registry.add(image)
      for layer in image.variants[0].layers { lab.inject(.stall(after: 1_500_000), into: layer.descriptor) }
      let progress = ProgressRecord()
      let pull = Task { try await lab.runtime().pull(lab.order(reference)) { progress.add($0) } }
      try await eventually { lab.partials.count == 2 }
      pull.cancel()
      await #expect(throws: CancellationError.self) { try await pull.value }
      #expect(lab.partials == [] && lab.leases == [])
      #expect(try lab.index()["manifests"] == .array([]))

      lab.registry.clearFaults()
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
    }
  }
}
