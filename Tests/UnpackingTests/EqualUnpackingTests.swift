import TestKit
import Testing
import VirtualCluster

@testable import Unpacking

/// What we make of layers is what containerd makes of them when it unpacks them one after the other.
@Suite(.serialized, .timeLimit(.minutes(10))) struct EqualUnpackingTests {
  @Test("Odd layers, file by file", arguments: ContainerdRelease.all)
  func oddLayers(_ release: ContainerdRelease) async throws {
    try await withContainerd(ContainerdOptions(release: release)) { containerd in
      try await withEmbeddedRegistry { registry in
        let theirs = ContainerdUnpacker(containerd: containerd, registry: registry)
        for (number, image) in OddImage.all.enumerated() {
          await Self.compare(image.layers(), "odd-\(number)", "\(release): \(image)", theirs)
        }
      }
    }
  }

  /// Unpacks with both, and compares what came out, or that nothing did.
  ///
  /// - Returns: whether both took it.
  @discardableResult
  static func compare(
    _ layers: [PackedLayer], _ name: String, _ shown: String, _ theirs: ContainerdUnpacker
  ) async -> Bool {
    var isTaken = false
    await #expect(throws: Never.self, "\(shown)") {
      try await withScratchFolder("unp") { folder in
        var (ours, expected): ([String]?, [String]?)
        var refusals: [String] = []
        do {
          expected = try await theirs.image(layers, name: name)
        } catch let error as DaemonError {
          refusals.append("containerd: \(error)")
        }
        do {
          ours = try await Unpacked.image(layers, into: folder.path)
        } catch let error as UnpackError {
          refusals.append("we: \(error.code) \(error)")
        }
        #expect((ours == nil) == (expected == nil), "\(shown): \(refusals)")
        guard let ours, let expected else { return }
        isTaken = true
        #expect(ours.count == expected.count)
        for (index, pair) in zip(ours, expected).enumerated() {
          let lines = try (FolderListing.lines(of: pair.0), FolderListing.lines(of: pair.1))
          let (left, right) = (Set(lines.0), Set(lines.1))
          #expect(
            left.symmetricDifference(right).isEmpty && lines.0.count == lines.1.count,
            """
            \(shown), layer \(index)
            only ours:       \(left.subtracting(right).sorted().joined(separator: "\n                 "))
            only containerd: \(right.subtracting(left).sorted().joined(separator: "\n                 "))
            """)
        }
      }
    }
    return isTaken
  }
}
