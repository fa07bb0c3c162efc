import Foundation
import ImageModel
import Kubernetes
import PrepullAPI
import Runtimes
import Serving
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

/// What agents do to images that nobody wants any more.
extension AgentContainerdTests {
  private static let unused: @Sendable (inout WarmNode.Wish) -> Void = { $0.removal = "Unused" }

  @Test("With removal: Unused goes what it pulled and no container uses, after the grace; what others brought stays")
  func removesUnused() async throws {
    try await ContainerdNode.run(options: {
      ContainerdOptions(sandboxImage: try SleepingImage.add(to: $0).description, release: ContainerdNode.release)
    }) { node in
      let images = try node.images(["idle", "used", "theirs"])
      _ = try await node.runtime.pull(PullOrder(reference: images[2], platform: .host), progress: { _ in })
      try await node.lab.want(images.map(\.description), change: Self.unused)
      try await node.lab.withAgent(node.runtime, change: { $0.grace = .seconds(1) }) {
        try await node.lab.untilStates([.warm, .warm, .warm])
        let pod = try await CRIPod.run(named: "p", at: node.containerd)
        // As the kubelet does: by identifier.
        let id = try #require(try await node.runtime.image(images[1])).id
        let container = try await pod.createContainer("c", image: id, for: images[1].description)

        try await node.lab.want([])
        try await node.untilGone(images[0])
        // All three were judged by one answer of the runtime.
        #expect(try await node.isThere(images[1]))
        #expect(try await node.isThere(images[2]))
        try await eventually("the pins are released") { try await node.lab.agent()?.pins == 0 }
        #expect(try await node.pinnedNames() == 0)

        try await pod.removeContainer(container)
        try await node.untilGone(images[1])
        #expect(try await node.isThere(images[2]))
        try await eventually("both are counted") { node.lab.metrics.imagesRemoved.value() == 2 }
        try await pod.remove()
      }
    }
  }

  @Test("While its WarmNode is gone nothing is removed or released")
  func keepsWithoutRecord() async throws {
    try await ContainerdNode.run { node in
      let images = try node.images(["idle"])
      try await node.lab.want([images[0].description], change: Self.unused)
      try await node.lab.withAgent(node.runtime, change: { $0.grace = .milliseconds(200) }) {
        try await node.lab.untilStates([.warm])
        let hasPins = try await node.runtime.pinning() == .supported
        try await eventually("the pin") { try await node.held(0)?.isPinned ?? false == hasPins }
        let pins = try await node.pinnedNames()
        try await node.lab.client.delete(WarmNode.self, AgentLab.node)
        try await Task.sleep(for: .seconds(2))
        #expect(try await node.isThere(images[0]))
        #expect(try await node.pinnedNames() == pins)
        try await node.lab.want([])
        try await node.untilGone(images[0])
      }
    }
  }

  @Test("What a tag stood for before it moved is released, and removed after the grace")
  func removesWhatTagsStoodFor() async throws {
    try await ContainerdNode.run { node in
      let (old, new) = (try SampleImage(seed: 1), try SampleImage(seed: 2))
      let tag = node.registry.add(old, to: "moving", tag: "v1")
      func want(_ image: SampleImage, order: String) async throws {
        try await node.lab.want([tag.description], order: order) {
          ($0.removal, $0.refreshes, $0.digests) = ("Unused", true, [image.root.descriptor.digest.description])
        }
      }
      func isWarm(_ image: SampleImage) async throws -> Bool {
        try await node.held(0)?.digest == image.root.descriptor.digest.description
      }
      try await want(old, order: "1")
      try await node.lab.withAgent(node.runtime, change: { $0.grace = .seconds(2) }) {
        try await eventually("the old one") { try await isWarm(old) }
        let hasPins = try await node.runtime.pinning() == .supported
        try await eventually("pins") { try await node.lab.agent()?.pins == (hasPins ? 1 : 0) }
        let names = try await node.pinnedNames()

        _ = node.registry.add(new, to: "moving", tag: "v1")
        try await want(new, order: "2")
        try await eventually("the new one") { try await isWarm(new) }
        let former = tag.at(old.root.descriptor.digest)
        #expect(try await node.isThere(former), "it has the grace")
        try await eventually("only the new one is pinned") {
          let (count, pins) = (try await node.pinnedNames(), try await node.lab.agent()?.pins)
          return count == names && pins == (hasPins ? 1 : 0)
        }
        try await node.untilGone(former)
        #expect(try await node.isThere(tag))
        try await eventually("it is counted") { node.lab.metrics.imagesRemoved.value() == 1 }
      }
    }
  }
}
