import Foundation
import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Pulls that this program does itself and hands to a real containerd.
  @Suite(.timeLimit(.minutes(10))) struct FastPullTests {
    @Test(arguments: ContainerdRelease.all) func bringsTheSameFiles(_ release: ContainerdRelease) async throws {
      let image = try SampleImage(layers: [5_000_000, 300_000, 2_500_000], platforms: [.host, .other], gzip: true)
      var expected: [String] = []
      for fast in [FastPulls.off, .always] {
        try await FastLab.run(ContainerdOptions(release: release)) { lab in
          let reference = lab.registry.add(image)
          let log = ProgressLog()
          let held = try await lab.pull(reference, fast, log: log)
          #expect(held.digests == [image.root.descriptor.digest])
          let files = try await lab.files()
          if fast == .off { expected = files }
          #expect(files == expected)
          #expect(try lab.staging() == [])
          #expect(try await lab.leases() == [])
          #expect(try lab.containerd.ingests() == [])
          let total = try image.resolved(as: reference).compressedSize
          #expect(log.all.last == PullProgress(phase: .verifying, completedBytes: total, totalBytes: total))
          let layers = image.variants[0].layers
          let isFast = fast == .always
          for layer in layers {
            let asked = lab.bytesAsked(of: layer)
            #expect((isFast ? asked.ours : asked.runtimes) == layer.bytes.count)
            #expect((isFast ? asked.runtimes : asked.ours) == 0)
          }
        }
      }
      #expect(expected.count == 3)
    }

    /// What was brought is as safe from the garbage collector as what containerd pulled, and can be mounted.
    @Test(arguments: ContainerdRelease.all, [false, true])
    func staysAndCanBeMounted(_ release: ContainerdRelease, _ hasToken: Bool) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(layers: [300_000, 2_000_000], platforms: [.host, .other], gzip: true)
        let reference = lab.registry.add(image)
        try await lab.pull(reference, credential: hasToken ? .registryToken("t") : nil)
        let files = try await lab.files()
        let containerd = lab.containerd
        try await containerd.restarted { again in
          try await again.collectGarbage()
          try await RuntimeUnderTest.connect(again.endpoint) { runtime in
            let held = try #require(try await runtime.image(reference))
            #expect(held.digests == [image.root.descriptor.digest])
            #expect(held.id == image.variants[0].config.descriptor.digest.description)
            #expect(try await runtime.list().count == 1)
            let other = try await runtime.image(reference.at(image.root.descriptor.digest))
            #expect(other?.id == held.id)
          }
          #expect(try await lab.files() == files)
          let blobs = try await again.ctr("content", "list", "-q").split(separator: "\n").map(String.init)
          let variant = image.variants[0]
          for blob in [image.root, variant.manifest, variant.config] + variant.layers {
            #expect(blobs.contains(blob.descriptor.digest.description))
          }
          let target = again.folder("mnt")
          try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
          try await again.ctr("images", "mount", reference.description, target)
          let names = try FileManager.default.contentsOfDirectory(atPath: target + "/data").sorted()
          #expect(names == ["layer-0", "layer-1"])
          try await again.ctr("images", "unmount", target)
        }
      }
    }

    @Test func bringsOnlyWhatIsMissing() async throws {
      try await FastLab.run { lab in
        // They share their first layer.
        let (first, second) = (
          try SampleImage(layers: [2_000_000], files: ["a": [1]], gzip: true),
          try SampleImage(layers: [2_000_000, 1_000_000], files: ["a": [1]], gzip: true)
        )
        try await lab.pull(lab.registry.add(first, tag: "v1"))
        lab.registry.clearRequests()
        try await lab.pull(lab.registry.add(second, tag: "v2"))
        #expect(lab.bytesAsked(of: second.variants[0].layers[0]).ours == 0)
        #expect(lab.bytesAsked(of: second.variants[0].layers[1]).ours == 0)
        #expect(lab.bytesAsked(of: second.variants[0].layers[2]).ours == second.variants[0].layers[2].bytes.count)
        lab.registry.clearRequests()
        try await lab.pull(lab.registry.add(second, tag: "v2"))
        #expect(lab.blobRequests.filter { $0.headers["range"] != nil }.isEmpty)
      }
    }

    /// containerd has the blobs and no snapshot, as after a pull of content alone.
    @Test func unpacksWhatIsThere() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: [2_000_000, 2_000_000], gzip: true)
        let reference = lab.registry.add(image)
        try await lab.containerd.ctr("content", "fetch", "--plain-http", reference.description)
        lab.registry.clearRequests()
        try await lab.pull(reference)
        for layer in image.variants[0].layers {
          let asked = lab.bytesAsked(of: layer)
          #expect(asked.ours + asked.runtimes == 0)
        }
        #expect(try await lab.files().count == 2)
      }
    }

    @Test func takesTheSameLayerTwice() async throws {
      try await FastLab.run { lab in
        let parts = try OddImage.Parts(in: lab.registry)
        let odd = try #require(OddImage.all.first { $0.name == "the same layer twice" })
        let manifest = SampleImage.Blob(Array(try odd.document(parts).utf8), mediaType: odd.type)
        try await lab.pull(lab.registry.add(manifest: manifest))
        #expect(try await lab.files().count == 2)
      }
    }
  }
}
