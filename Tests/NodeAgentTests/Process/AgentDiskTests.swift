import Foundation
import Glibc
import ImageModel
import PrepullAPI
import Runtimes
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

/// An agent on a file system that fills.
extension AgentContainerdTests {
  private func fill(_ path: String, percent: Int64, of disk: ImageFileSystem) throws {
    let (used, capacity) = try #require(disk.taken)
    let file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(file) }
    #expect(posix_fallocate(file, 0, Int(capacity * percent / 100 - used)) == 0)
  }

  @Test(
    "On a disk that fills it pulls, repairs and pins nothing, releases the least important first, and goes on later")
  func fullDisk() async throws {
    let options: @Sendable (EmbeddedRegistry) -> ContainerdOptions = { _ in
      ContainerdOptions(loopSize: 256 << 20, release: ContainerdNode.release)
    }
    try await ContainerdNode.run(options: options) { node in
      // Each is weighed by 14 MB of the 256 MB.
      let images = try node.images(["first", "second", "third"], layers: [4_000_000])
      let filling = node.containerd.folder("root/filling")
      try await node.lab.want(images[..<2].map(\.description))
      try await node.lab.withAgent(node.runtime, change: { $0.highThresholdPercent = 85 }) {
        try await node.lab.untilStates([.warm, .warm])
        guard try await node.runtime.pinning() == .supported else { return }
        try await eventually("pins") { try await node.lab.agent()?.images?.allSatisfy { $0.isPinned == true } == true }
        func pinned() async throws -> [Bool] { try await node.lab.agent()?.images?.map { $0.isPinned == true } ?? [] }
        func isFull() async throws -> Bool { try await node.lab.agent()?.conditions?["DiskPressure"]?.isTrue == true }

        try fill(filling, percent: 83, of: try await node.runtime.space())
        try await eventually("the second is released") { try await pinned() == [true, false] }
        #expect(try await isFull())
        try FileManager.default.removeItem(atPath: filling)
        try fill(filling, percent: 95, of: try await node.runtime.space())
        try await eventually("both are released") { try await pinned() == [false, false] }
        #expect(try await node.pinnedNames() == 0)

        node.registry.clearRequests()
        #expect(try await node.runtime.remove(images[0]))
        try await node.lab.want(images.map(\.description), order: "2")
        try await eventually("what waits says why") {
          let held = try await node.lab.agent()?.images ?? []
          return held.map(\.state) == [.lost, .warm, .pending] && held[0].reason == "DiskPressure"
            && held[2].reason == "DiskPressure"
        }
        #expect(node.registry.blobRequests.isEmpty)
        #expect(try await node.pinnedNames() == 0)

        try FileManager.default.removeItem(atPath: filling)
        try await node.lab.untilStates([.warm, .warm, .warm])
        try await eventually("pins") { try await pinned() == [true, true, true] }
        #expect(try await !isFull())
      }
    }
  }
}
