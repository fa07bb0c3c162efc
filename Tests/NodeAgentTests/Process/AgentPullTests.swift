import Foundation
import ImageModel
import PrepullAPI
import Registry
import Runtimes
import Synchronization
import Serving
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

/// Pulls of an agent that take their time.
extension AgentContainerdTests {
  @Test("How far a pull is stands in the status while somebody looks, and else not")
  func progress() async throws {
    try await ContainerdNode.run(fast: .always) { node in
      let images = try node.images(["unseen", "seen"], layers: [6_000_000])
      node.registry.limit(reader: nil, registry: 2_000_000)
      try await node.lab.want([images[0].description])
      try await node.lab.withAgent(node.runtime) {
        try await eventually("the first is here") {
          let held = try await node.held(0)
          #expect(held?.progress == nil)
          return held?.state == .warm
        }
        try await node.lab.watch(until: Date(timeIntervalSinceNow: 60))
        try await node.lab.want(images.map(\.description), order: "2")
        var seen: [WarmNode.Progress] = []
        try await eventually("the second is here") {
          let held = try await node.held(1)
          if let progress = held?.progress, seen.last != progress { seen.append(progress) }
          return held?.state == .warm && held?.progress == nil
        }
        let size = try SampleImage(seed: 2, layers: [6_000_000], gzip: true).variants[0]
        let total = size.layers[0].descriptor.size + size.config.descriptor.size
        #expect(seen.contains { 0 < $0.completedBytes && $0.completedBytes < total }, "\(seen)")
        #expect(seen.allSatisfy { abs(($0.totalBytes ?? 0) - total) < 10_000 }, "\(seen)")
        #expect(seen.contains { $0.bytesPerSecond.map { $0 > 0 } ?? false }, "\(seen)")
        #expect(seen.map(\.completedBytes) == seen.map(\.completedBytes).sorted())
      }
    }
  }

  @Test("A fast pull brings the same files, and is told as one")
  func fast() async throws {
    let image = try SampleImage(layers: [3_000_000, 9_000_000, 500_000], gzip: true)
    let size = image.variants[0].layers.reduce(0) { $0 + $1.descriptor.size }
    try await ContainerdNode.run(fast: .auto) { node in
      let reference = node.registry.add(image)
      try await node.lab.want([reference.description])
      try await node.lab.withAgent(node.runtime) {
        try await node.lab.untilStates([.warm])
        let held = try #require(try await node.held(0))
        #expect(held.pulledBy == "Fast" && held.pullSeconds.map { $0 > 0 } == true)
        #expect(held.pulledBytes.map { $0 >= size } == true)
        #expect(try await node.lab.agent()?.conditions?["FastPulls"]?.isTrue == true)
      }
      #expect(node.lab.metrics.ways.value("fast", "") == 1)
      #expect(node.lab.metrics.pulledBytes.value("fast") == Double(try #require(held(image))))
      for layer in image.variants[0].layers {
        #expect(node.registry.bytesAsked(of: layer) == (layer.bytes.count, 0))
      }
      let files = try await node.containerd.files()
      try await ContainerdNode.run { other in
        let order = PullOrder(reference: other.registry.add(image), platform: .host)
        _ = try await other.runtime.pull(order, progress: { _ in })
        #expect(try await other.containerd.files() == files)
      }
    }
  }

  /// Compressed bytes of an image, as they are counted.
  private func held(_ image: SampleImage) -> Int64? {
    image.variants.first.map { variant in
      variant.layers.reduce(variant.config.descriptor.size) { $0 + $1.descriptor.size }
    }
  }

  @Test("containerd that is killed amid a fast pull costs no more than what was on its way")
  func containerdKilled() async throws {
    try await ContainerdNode.run(fast: .always) { node in
      let image = try SampleImage(layers: Array(repeating: 3_000_000, count: 4), gzip: true)
      let reference = node.registry.add(image)
      node.registry.limit(reader: nil, registry: 6_000_000)
      try await node.lab.want([reference.description])
      try await node.lab.withAgent(node.runtime) {
        try await eventually("the pull") { !node.registry.blobRequests.isEmpty }
        try await node.containerd.restarted { again in
          try await node.lab.untilStates([.warm])
          #expect(try await again.ctr("images", "list", "-q").contains(reference.description))
        }
      }
      let asked = image.variants[0].layers.reduce(0) { $0 + node.registry.bytesAsked(of: $1).ours }
      #expect(asked <= 2 * image.variants[0].layers.reduce(0) { $0 + $1.bytes.count })
    }
  }

  @Test("A token that ends in the middle of a fast pull is replaced, and no layer that was there comes again")
  func tokenEnds() async throws {
    try await ContainerdNode.run(fast: .always) { node in
      let image = try SampleImage(layers: [3_000_000, 3_000_000, 3_000_000], gzip: true)
      let reference = node.registry.add(image)
      let tokens = ShortTokens(blobs: 2)
      node.registry.require(.bearer(tokens))
      node.registry.inject(.hang) { request in
        if request.method == "GET", request.path.contains("/blobs/") { tokens.served() }
        return false
      }
      try await node.lab.want([reference.description])
      try await node.lab.withAgent(node.runtime, credentials: tokens) { try await node.lab.untilStates([.warm]) }
      #expect(tokens.given >= 2)
      #expect(try await node.containerd.files().count == 3)
    }
  }
}

/// Registry tokens, the first of which ends after some blobs.
private final class ShortTokens: TokenIssuer, ImageCredentials {
  private struct State {
    var left: Int
    var given = 0
  }

  private let state: Mutex<State>
  let realm = "http://127.0.0.1:1/token"
  let service = "none"

  init(blobs: Int) { state = Mutex(State(left: blobs)) }

  var given: Int { state.withLock { $0.given } }

  func served() { state.withLock { $0.left -= 1 } }

  func accepts(_ token: String, repository: String?) -> Bool {
    state.withLock { token != "token-1" && !token.isEmpty || token == "token-1" && $0.left > 0 }
  }

  func sources(for reference: Reference) -> [LoginSource] {
    [
      LoginSource(name: "the operator") {
        let number = self.state.withLock { state in
          state.given += 1
          return state.given
        }
        return [.registryToken("token-\(number)")]
      }
    ]
  }
}
