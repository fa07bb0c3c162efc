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
  /// One that knows pins, where this machine has one.
  private static let release = ContainerdRelease.all.first { $0.description.hasSuffix("-1.7") } ?? .system

  private func with(
    _ body: @escaping @Sendable (AgentLab, Containerd, any Runtime) async throws -> Void
  ) async throws {
    try await withContainerd(ContainerdOptions(release: Self.release)) { containerd in
      try await AgentLab.with { lab in
        let registry = RegistryClient(
          configuration: RegistryConfiguration(), credentials: NoCredentials(), logger: LogLines().logger)
        do {
          try await withRuntime(
            RuntimeEndpoint(parsing: containerd.endpoint), registry: registry, logger: LogLines().logger
          ) { try await body(lab, containerd, $0) }
          try await registry.shutdown()
        } catch {
          try await registry.shutdown()
          throw error
        }
      }
    }
  }

  private func images(_ count: Int, _ lab: AgentLab) throws -> [Reference] {
    try (0..<count).map { lab.sandbox.registry.add(try SampleImage(), to: "app-\($0)", tag: "v1") }
  }

  @Test("Wishes are pulled and pinned, and one that somebody removes is back, seen by containerd's events")
  func story() async throws {
    try await with { lab, containerd, runtime in
      let images = try images(2, lab)
      try await lab.want(images.map(\.description))
      // So that no list sees it.
      try await lab.withAgent(runtime, change: { $0.listInterval = .seconds(600) }) {
        try await lab.untilStates([.warm, .warm])
        let hasPins = try await runtime.pinning() == .supported
        try await eventually("pins") { try await lab.agent()?.images?.allSatisfy { $0.isPinned == hasPins } == true }
        if hasPins {
          #expect(try await containerd.ctr("images", "ls").contains("io.cri-containerd.pinned=pinned"))
        }
        #expect(try await runtime.remove(images[1]))
        try await eventually("the repair is told") {
          let held = try await lab.agent()?.images?.last
          return held?.losses == 1 && held?.state == .warm
        }
        #expect(try await runtime.image(images[1]) != nil)
        // Both names are of one content, which the runtime removes as a whole.
        #expect(lab.metrics.imagesLost.value() == 2 && lab.metrics.imagesRepaired.value() == 2)
      }
    }
  }

  @Test("containerd that is killed and started again in the midst of pulls costs no more than time")
  func restarted() async throws {
    try await with { lab, containerd, runtime in
      let images = try images(4, lab)
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) {
        try await lab.untilStates([.warm])
        try await lab.want(images.map(\.description), order: "2")
        try await containerd.restarted { _ in
          try await lab.untilStates([.warm, .warm, .warm, .warm])
          #expect(try await lab.agent()?.images?.contains { $0.losses != nil } == false)
        }
      }
    }
  }

  @Test("An agent that ends in the midst of pulls leaves them to the next")
  func ended() async throws {
    try await with { lab, _, runtime in
      try await withScratchFolder("agent") { folder in
        let images = try images(4, lab)
        for round in 1...3 {
          try await lab.want(images.map(\.description), order: "\(round)")
          try await lab.withAgent(runtime, change: { $0.memoryFile = folder("memory") }) {
            try await eventually("something is here") { try await runtime.image(images[0]) != nil }
          }
        }
        try await lab.withAgent(runtime, change: { $0.memoryFile = folder("memory") }) {
          try await lab.untilStates([.warm, .warm, .warm, .warm])
        }
      }
    }
  }
}
