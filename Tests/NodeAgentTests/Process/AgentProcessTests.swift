import Documents
import Foundation
import FoundationNetworking
import ImageModel
import KubeAPIServer
import Kubernetes
import PrepullAPI
import Registry
import Runtimes
import Synchronization
import Serving
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

@Suite("The agent of a node", .timeLimit(.minutes(10)))
struct AgentProcessTests {
  private func images(_ count: Int, _ lab: AgentLab) throws -> [Reference] {
    try (0..<count).map { lab.sandbox.registry.add(try SampleImage(), to: "app-\($0)", tag: "v1") }
  }

  @Test("Wishes are pulled and pinned, told in the status, and repaired when they vanish")
  func story() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(3, lab))
      try await lab.want(images.map(\.description))
      try await lab.withAgent(runtime) {
        try await lab.untilStates([.warm, .warm, .warm])
        try await eventually("pins") { runtime.state.withLock { $0.pinned.count } == 3 }
        let agent = try await lab.agent()
        #expect(agent?.runtime == "memory 1")
        #expect(agent?.images?.first?.order == "1")
        #expect(agent?.images?.first?.digest?.hasPrefix("sha256:") == true)
        #expect(agent?.conditions?["Ready"]?.isTrue == true)
        _ = runtime.remove(images[1])
        try await eventually("the repair") { runtime.image(images[1]) != nil }
        try await eventually("the loss is told") { try await lab.agent()?.images?[1].losses == 1 }
        #expect(runtime.state.withLock { $0.pulls.count } == 4)
      }
    }
  }

  @Test("An agent that ends amid a pull leaves the rest to the next, which pulls nothing twice")
  func killed() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(2, lab))
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) { try await lab.untilStates([.warm]) }
      runtime.state.withLock { $0.isSlow = true }
      try await lab.want(images.map(\.description), order: "2")
      try await lab.withAgent(runtime) {
        try await eventually("the second pull") { runtime.state.withLock { $0.pulls.count } == 2 }
      }
      runtime.state.withLock { $0.isSlow = false }
      try await lab.withAgent(runtime) { try await lab.untilStates([.warm, .warm]) }
      #expect(runtime.state.withLock { $0.pulls.count { $0 == images[0] } } == 1)
    }
  }

  @Test("A WarmNode that is deleted, or of a node before this one, changes nothing on the node")
  func deleted() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(2, lab))
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) {
        try await lab.untilStates([.warm])
        try await eventually("the pin") { runtime.state.withLock { $0.pinned.count } == 1 }
        try await lab.client.delete(WarmNode.self, AgentLab.node)
        try await lab.want([images[1].description], owner: "another machine")
        try await Task.sleep(for: .seconds(1))
        #expect(runtime.image(images[0]) != nil && runtime.image(images[1]) == nil)
        #expect(runtime.state.withLock { $0.pinned } == [images[0]])
        try await lab.want([images[1].description])
        try await lab.untilStates([.warm])
        try await eventually("the pin") { runtime.state.withLock { $0.pinned } == [images[1]] }
      }
    }
  }

  @Test("A WarmNode that is deleted amid a pull ends the pull; it is begun again when there is one again")
  func deletedAmidAPull() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(1, lab))
      runtime.state.withLock { $0.isSlow = true }
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) {
        try await eventually("the pull") { runtime.state.withLock { $0.pulls.count } == 1 }
        try await lab.client.delete(WarmNode.self, AgentLab.node)
        try await eventually("its end") { runtime.state.withLock { $0.cancelled } == images }
        runtime.state.withLock { $0.isSlow = false }
        try await lab.want([images[0].description])
        try await lab.untilStates([.warm])
      }
    }
  }

  @Test("A node that is replaced under its name is another: nothing is done for it until its WarmNode says so")
  func replaced() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(2, lab))
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) {
        try await lab.untilStates([.warm])
        let old = try await lab.client.get(Node.self, AgentLab.node).metadata.uid
        runtime.state.withLock { $0.isSlow = true }
        try await lab.want(images.map(\.description), order: "2", owner: old)
        try await eventually("the second pull") { runtime.state.withLock { $0.pulls.count } == 2 }
        try await lab.client.delete(Node.self, AgentLab.node)
        try await eventually("its end") { runtime.state.withLock { $0.cancelled } == [images[1]] }
        let node: JSON = ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(AgentLab.node)]]
        _ = try await lab.client.apply(
          node, as: DynamicResource(apiVersion: "v1", plural: "nodes", isNamespaced: false))
        #expect(try await lab.client.get(Node.self, AgentLab.node).metadata.uid != old)
        runtime.state.withLock { $0.isSlow = false }
        // Of the machine that is gone.
        try await lab.want(images.map(\.description), order: "3", owner: old)
        try await Task.sleep(for: .seconds(1))
        #expect(runtime.state.withLock { $0.pulls.count } == 2)
        try await lab.want(images.map(\.description), order: "4")
        try await lab.untilStates([.warm, .warm])
        #expect(try await lab.agent()?.nodeUID != old)
      }
    }
  }

  @Test("An image that is lost for the third time within an hour is left alone for a while, and that is a condition")
  func lostOften() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(1, lab))
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) {
        try await lab.untilStates([.warm])
        for loss in 1...3 {
          try await eventually("it is here") { runtime.image(images[0]) != nil }
          _ = runtime.remove(images[0])
          try await eventually("loss \(loss)") { try await lab.agent()?.images?.first?.losses == loss }
        }
        let agent = try #require(try await lab.agent())
        #expect(agent.conditions?["ImagesLost"]?.isTrue == true)
        #expect(agent.conditions?["ImagesLost"]?.message.contains(images[0].description) == true)
        #expect(agent.images?.first?.state == .lost && agent.images?.first?.reason == "LostOften")
        let retry = try #require(agent.images?.first?.retryAfter.flatMap(Timestamp.date))
        #expect(retry.timeIntervalSinceNow > 600)
        #expect(runtime.state.withLock { $0.pulls.count } == 3)
      }
      // The next agent does not begin anew with it.
      try await lab.withAgent(runtime) {
        try await eventually("it acts") { lab.metrics.statusWrites.value("written") > 0 }
        try await Task.sleep(for: .seconds(1))
        #expect(runtime.state.withLock { $0.pulls.count } == 3)
      }
    }
  }

  @Test("A runtime that goes away is waited for, said once, and makes it unready meanwhile")
  func runtimeAway() async throws {
    try await AgentLab.with { lab in
      let (runtime, images, lines) = (MemoryRuntime(), try images(1, lab), LogLines())
      let port = Mutex<Int?>(nil)
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime, logger: lines.logger) {
        $0.metricsAddress = "127.0.0.1:0"
      } onServing: { found in
        port.withLock { $0 = found }
      } _: {
        try await lab.untilStates([.warm])
        let served = try await eventually("a port") { port.withLock { $0 } }
        func isReady() async throws -> Bool {
          let url = try #require(URL(string: "http://127.0.0.1:\(served)/readyz"))
          let (_, response) = try await URLSession.shared.data(from: url)
          return (response as? HTTPURLResponse)?.statusCode == 200
        }
        try await eventually("ready") { try await isReady() }
        runtime.state.withLock { $0.isAway = true }
        try await eventually("unready") { try await !isReady() }
        try await Task.sleep(for: .seconds(5))
        runtime.state.withLock { $0.isAway = false }
        try await eventually("ready again") { try await isReady() }
        #expect(lines.warnings.count { $0.contains("the container runtime does not answer") } == 1)
        #expect(lines.all.count { $0.contains("the container runtime answers again") } == 1)
      }
      #expect(runtime.state.withLock { $0.pulls.count } == 1, "nothing was lost by it")
    }
  }

  @Test("Of two agents the second stands aside until the first has ended")
  func two() async throws {
    try await AgentLab.with { lab in
      try await withScratchFolder("agent") { folder in
        let (first, second, images) = (MemoryRuntime(), MemoryRuntime(), try images(2, lab))
        try await lab.want([images[0].description])
        try await lab.withAgent(first, change: { $0.lockFile = folder("lock") }) {
          try await lab.untilStates([.warm])
          try await lab.withAgent(second, change: { $0.lockFile = folder("lock") }) {
            try await lab.want(images.map(\.description), order: "2")
            try await lab.untilStates([.warm, .warm])
            #expect(second.state.withLock { $0.pulls.isEmpty })
          }
        }
        try await lab.withAgent(second, change: { $0.lockFile = folder("lock") }) {
          try await eventually("the second acts") { second.state.withLock { $0.pulls.count } == 2 }
        }
      }
    }
  }

  @Test("The API server goes away: the agent goes on with what it saw last, repairs too")
  func serverAway() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(1, lab))
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime) {
        try await lab.untilStates([.warm])
        async let restarted: Void = lab.sandbox.server.restart(downFor: .seconds(4))
        try await Task.sleep(for: .milliseconds(500))
        _ = runtime.remove(images[0])
        try await eventually("the repair", within: .seconds(3)) { runtime.image(images[0]) != nil }
        await restarted
        try await eventually("the loss is told") { () async -> Bool in
          let agent = try? await lab.agent()
          return agent?.images?.first?.losses == 1
        }
      }
    }
  }

  @Test("A clock that is off by a day changes nothing in what is written", arguments: [-86_400.0, 86_400.0])
  func clock(skew: Double) async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(1, lab))
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime, skew: skew) {
        try await lab.untilStates([.warm])
        let since = try #require(try await lab.agent()?.images?.first?.warmSince.flatMap(Timestamp.date))
        #expect(abs(since.timeIntervalSinceNow) < 3600)
      }
    }
  }

  @Test("Logins are asked for one after the other, each when those before it were refused, and again for each try")
  func logins() async throws {
    try await AgentLab.with { lab in
      let (runtime, images) = (MemoryRuntime(), try images(1, lab))
      let asked = Mutex<[String]>([])
      let credentials = ListedCredentials(["node", "operator"]) { name in
        asked.withLock { $0.append(name) }
        return name == "node" ? [] : [.registryToken("token")]
      }
      // The first try without a login, and the first token: as if it had expired in the middle.
      runtime.state.withLock { $0.refusals = 2 }
      try await lab.want([images[0].description])
      try await lab.withAgent(runtime, credentials: credentials) { try await lab.untilStates([.warm]) }
      #expect(asked.withLock { $0 } == ["node", "operator", "node"] || asked.withLock { $0.count } == 4)
      #expect(runtime.state.withLock { $0.logins.prefix(2) } == [nil, .registryToken("token")])
    }
  }
}

private struct ListedCredentials: ImageCredentials {
  let names: [String]
  let load: @Sendable (String) -> [RegistryCredential]

  init(_ names: [String], load: @escaping @Sendable (String) -> [RegistryCredential]) {
    (self.names, self.load) = (names, load)
  }

  func sources(for reference: Reference) -> [LoginSource] {
    names.map { name in LoginSource(name: name) { [load] in load(name) } }
  }
}
