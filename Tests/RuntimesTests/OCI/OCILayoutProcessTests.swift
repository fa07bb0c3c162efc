import Documents
import Foundation
import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// Writers that are processes of their own: the built `prepull`.
@Suite("OCI layout: processes", .timeLimit(.minutes(10)))
struct OCILayoutProcessTests {
  private func pull(
    _ reference: Reference, _ lab: LayoutLab, signal: Int32? = nil,
    when isDue: @escaping @Sendable () -> Bool = { true }
  ) async throws -> PrepullProgram.Outcome {
    try await PrepullProgram.run(
      ["pull", "--runtime", "oci:\(lab.path)", "\(reference)"], signal: signal, when: isDue)
  }

  /// Whether so much of a blob has come to the disk.
  private func hasCome(_ count: Int64, of descriptor: Descriptor, _ lab: LayoutLab) -> @Sendable () -> Bool {
    let path = "\(lab.layout.partial(descriptor.digest))"
    return {
      let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
      return size ?? 0 >= count
    }
  }

  @Test func aKilledPullIsResumed() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [5_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      lab.inject(.stall(after: 3_000_000), into: layer.descriptor, times: 1)
      let killed = try await pull(
        reference, lab, signal: SIGKILL, when: hasCome(2_000_000, of: layer.descriptor, lab))
      #expect(killed.exitCode == 128 + SIGKILL)
      #expect(lab.partials.count == 1 && lab.leases.count == 1)
      #expect(try lab.index()["manifests"] == .array([]))

      let second = try await pull(reference, lab)
      #expect(second.exitCode == 0, "\(second.errors)")
      let offset = try #require(lab.offsets(of: layer.descriptor).last)
      #expect(lab.offsets(of: layer.descriptor).count == 2 && offset >= 2_000_000)
      #expect(lab.blob(layer.descriptor) == layer.bytes)
      #expect(lab.partials == [] && lab.leases == [])
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aStoppedPullLeavesNothingHalfMade(signal: Int32) async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [5_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      lab.inject(.stall(after: 3_000_000), into: layer.descriptor)
      let stopped = try await pull(
        reference, lab, signal: signal, when: hasCome(2_000_000, of: layer.descriptor, lab))
      #expect(stopped.exitCode != 0)
      #expect(lab.partials == [] && lab.leases == [])
      #expect(try lab.index()["manifests"] == .array([]))
    }
  }

  @Test func threeProcessesShareTheWork() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [2_000_000, 300_000, 1_000_000])
      let reference = lab.registry.add(image)
      try await withThrowingTaskGroup(of: PrepullProgram.Outcome.self) { group in
        for _ in 0..<3 { group.addTask { try await pull(reference, lab) } }
        for try await outcome in group { #expect(outcome.exitCode == 0, "\(outcome.errors)") }
      }
      for layer in image.variants[0].layers {
        #expect(lab.offsets(of: layer.descriptor) == [0])
        #expect(lab.blob(layer.descriptor) == layer.bytes)
      }
      #expect(lab.partials == [] && lab.leases == [])
    }
  }

  @Test func theSecondProcessTakesOverFromTheKilledFirst() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [5_000_000])
      let layer = image.variants[0].layers[0]
      let reference = lab.registry.add(image)
      lab.inject(.stall(after: 3_000_000), into: layer.descriptor, times: 1)
      let isStarted = hasCome(2_000_000, of: layer.descriptor, lab)
      async let first = pull(reference, lab, signal: SIGKILL) { isStarted() && lab.leases.count == 2 }
      try await eventually("its start", isStarted)
      let second = try await pull(reference, lab)
      #expect(try await first.exitCode == 128 + SIGKILL)
      #expect(second.exitCode == 0, "\(second.errors)")
      #expect(lab.offsets(of: layer.descriptor).count == 2)
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }
}
