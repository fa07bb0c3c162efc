import Foundation
import Glibc
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// What may be done on a disk that fills, as containerd tells of it.
  @Suite(.timeLimit(.minutes(10))) struct DiskPressureTests {
    private func fill(_ path: String, percent: Int64, of disk: ImageFileSystem) throws {
      let capacity = try #require(disk.capacityBytes)
      let used = capacity - (try #require(disk.availableBytes))
      let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
      defer { close(file) }
      #expect(posix_fallocate(file, 0, Int(capacity * percent / 100 - used)) == 0)
    }

    @Test(arguments: ContainerdRelease.all) func stopsBeforeTheKubeletActs(_ release: ContainerdRelease) async throws {
      let options = ContainerdOptions(loopSize: 256 << 20, release: release)
      try await FastLab.run(options) { lab in
        let image = try SampleImage(layers: [3_000_000], gzip: true)
        let reference = lab.registry.add(image)
        try await lab.connect(.auto) { runtime, client in
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          let rule = ImageDiskRule()
          let empty = try await runtime.space()
          #expect(empty.path.hasPrefix(lab.containerd.folder("root/")))
          let tenth = try #require(empty.capacityBytes) / 10
          #expect(rule.mayPull(tenth, on: empty) == true)
          #expect(rule.mayPin(on: empty) == true)

          let filling = lab.containerd.folder("root/filling")
          try fill(filling, percent: 75, of: empty)
          let fuller = try await runtime.space()
          #expect(rule.mayPull(tenth, on: fuller) == false)
          #expect(rule.mayPull(1000, on: fuller) == true)
          #expect(rule.mayPin(on: fuller) == true)

          try FileManager.default.removeItem(atPath: filling)
          try fill(filling, percent: 82, of: empty)
          let full = try await runtime.space()
          #expect(rule.mayPull(1000, on: full) == false)
          #expect(rule.mayPin(on: full) == false)
          #expect(ImageDiskRule(highThresholdPercent: 90).mayPin(on: full) == true)

          try FileManager.default.removeItem(atPath: filling)
          #expect(rule.mayPull(tenth, on: try await runtime.space()) == true)
        }
      }
    }
  }
}
