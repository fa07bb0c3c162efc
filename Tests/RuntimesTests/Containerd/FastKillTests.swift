import Foundation
import Glibc
import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// The program, killed at any point of a pull.
  @Suite(.timeLimit(.minutes(30))) struct FastKillTests {
    @Test("The next pull fetches only what the killed one had not, and nothing half-made is seen")
    func anywhere() async throws {
      let image = try SampleImage(layers: [20_000_000, 9_000_000, 2_000_000], gzip: true)
      for kill in KillPlan(of: "pulls", size: image.variants[0].layers.reduce(0) { $0 + $1.descriptor.size }).kills {
        try await FastLab.run { lab in try await Self.kill(image, at: kill.bytes, in: lab, kill.text) }
      }
    }

    private static func kill(_ image: SampleImage, at goal: Int64, in lab: FastLab, _ shown: String) async throws {
      let reference = lab.registry.add(image)
      lab.registry.limit(reader: nil, registry: 20_000_000)
      let arguments = ["pull", "--fast", "always", "--runtime", lab.containerd.endpoint, reference.description]
      let killed = try await PrepullProgram.run(
        arguments, signal: SIGKILL,
        when: {
          let isBegun = (try? lab.staging().isEmpty) == false
          return isBegun && ((try? lab.containerd.bytesHeld(of: image))?.values.reduce(0, +) ?? 0) >= goal
        })
      #expect(killed.exitCode == 128 + SIGKILL, "\(shown): \(killed.errors)")
      let had = try lab.containerd.bytesHeld(of: image)
      try await RuntimeUnderTest.connect(lab.containerd.endpoint) { runtime in
        let held = try await runtime.list()
        #expect(held.isEmpty, "\(shown)")
      }
      lab.registry.clearRequests()
      let second = try await PrepullProgram.run(arguments)
      #expect(second.exitCode == 0, "\(shown): \(second.errors)")
      for layer in image.variants[0].layers {
        let asked = lab.bytesAsked(of: layer)
        let missing = layer.bytes.count - Int(had[layer.descriptor.digest] ?? 0)
        #expect(asked.runtimes == 0 && asked.ours == missing, "\(shown): \(asked) instead of \(missing)")
      }
      #expect(try lab.staging() == [], "\(shown)")
      #expect(try await lab.leases() == [], "\(shown)")
      #expect(try lab.containerd.ingests() == [], "\(shown)")
      try await lab.containerd.collectGarbage()
      let snapshots = try await lab.containerd.ctr("snapshots", "list").split(separator: "\n").dropFirst()
      #expect(snapshots.count == 3 && snapshots.allSatisfy { $0.contains("Committed") })
      let files = try await lab.files()
      try await FastLab.run { other in
        try await other.pull(other.registry.add(image), .off)
        #expect(try await other.files() == files, "\(shown)")
      }
    }
  }
}
