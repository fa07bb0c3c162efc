import Serving
import ImageModel
import Logging
import PrepullAPI
import Registry
import Runtimes
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

@Suite("The agent with containerd", .serialized, .timeLimit(.minutes(10)))
struct AgentContainerdTests {
  @Test("Wishes are pulled and pinned, and one that somebody removes is back, seen by containerd's events")
  func story() async throws {
    try await ContainerdNode.run { node in
      let images = try node.images(2)
      try await node.lab.want(images.map(\.description))
      // So that no list sees it.
      try await node.lab.withAgent(node.runtime, change: { $0.listInterval = .seconds(600) }) {
        try await node.lab.untilStates([.warm, .warm])
        let hasPins = try await node.runtime.pinning() == .supported
        try await eventually("pins") {
          try await node.lab.agent()?.images?.allSatisfy { $0.isPinned == hasPins } == true
        }
        if hasPins {
          #expect(try await node.containerd.ctr("images", "ls").contains("io.cri-containerd.pinned=pinned"))
        }
        #expect(try await node.runtime.remove(images[1]))
        try await eventually("the repair is told") {
          let held = try await node.lab.agent()?.images?.last
          return held?.losses == 1 && held?.state == .warm
        }
        #expect(try await node.runtime.image(images[1]) != nil)
        // Both names are of one content, which the runtime removes as a whole.
        #expect(node.lab.metrics.imagesLost.value() == 2 && node.lab.metrics.imagesRepaired.value() == 2)
      }
    }
  }

  @Test("containerd that is killed and started again in the midst of pulls costs no more than time")
  func restarted() async throws {
    try await ContainerdNode.run { node in
      let images = try node.images(4)
      try await node.lab.want([images[0].description])
      try await node.lab.withAgent(node.runtime) {
        try await node.lab.untilStates([.warm])
        try await node.lab.want(images.map(\.description), order: "2")
        try await node.containerd.restarted { _ in
          try await node.lab.untilStates([.warm, .warm, .warm, .warm])
          #expect(try await node.lab.agent()?.images?.contains { $0.losses != nil } == false)
        }
      }
    }
  }

  @Test("An agent that ends in the midst of pulls leaves them to the next")
  func ended() async throws {
    try await ContainerdNode.run { node in
      try await withScratchFolder("agent") { folder in
        let images = try node.images(4)
        for round in 1...3 {
          try await node.lab.want(images.map(\.description), order: "\(round)")
          try await node.lab.withAgent(node.runtime, change: { $0.memoryFile = folder("memory") }) {
            try await eventually("something is here") { try await node.runtime.image(images[0]) != nil }
          }
        }
        try await node.lab.withAgent(node.runtime, change: { $0.memoryFile = folder("memory") }) {
          try await node.lab.untilStates([.warm, .warm, .warm, .warm])
        }
      }
    }
  }
}
