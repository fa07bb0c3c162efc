import ImageModel
import Synchronization

/// Where the layers of modelled pulls come from: from nodes that hold them, from a pull-through cache, or from the
/// registry.
final class ModelledSources: Sendable {
  private struct State {
    /// How many nodes hold a layer.
    var holders: [Digest: Int] = [:]
    var cached: Set<Digest> = []
    var filling: Set<Digest> = []
    var traffic = SandboxTraffic()
  }

  private let registry: SharedLink
  private let cache: SharedLink?
  private let coalesces: Bool
  /// Of all nodes that hold something, each of which serves others.
  private let peers: SharedLink?
  private let nodeBandwidth: Int64
  private let pace: Pace
  private let state = Mutex(State())

  init(_ options: SandboxOptions, pace: Pace) {
    registry = SharedLink(bandwidth: options.model?.registryBandwidth, pace: pace)
    cache = options.cache.map { SharedLink(bandwidth: $0.bandwidth, pace: pace) }
    coalesces = options.cache?.coalesces ?? false
    nodeBandwidth = options.model?.linkBandwidth ?? 0
    peers = options.hasMirror ? SharedLink(bandwidth: 1, pace: pace) : nil
    self.pace = pace
  }

  var traffic: SandboxTraffic { state.withLock(\.traffic) }

  /// Moves the transfers on; ends when it is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      for link in [registry, cache, peers].compactMap(\.self) { group.addTask { await link.run() } }
    }
  }

  /// A node holds a layer, or does so no more.
  func note(_ layer: Digest, isHeld: Bool) {
    state.withLock { state in
      let count = state.holders[layer, default: 0] + (isHeld ? 1 : -1)
      state.holders[layer] = count > 0 ? count : nil
      // Those that have the layer which most have.
      peers?.widen(to: Int64(state.holders.values.max() ?? 0) * nodeBandwidth)
    }
  }

  /// Returns when these layers have come over a link of `rate` bytes a second.
  func transfer(_ layers: [Descriptor], rate: Int64) async throws {
    var rest = layers
    if let peers {
      let held = state.withLock { state in rest.filter { state.holders[$0.digest] != nil } }
      rest.removeAll { held.contains($0) }
      try await transfer(held, over: peers, rate: rate, .node(""))
    }
    guard let cache else { return try await transfer(rest, over: registry, rate: rate, .registry) }
    for layer in rest {
      while true {
        let (isCached, isMine) = state.withLock { state in
          let isCached = state.cached.contains(layer.digest)
          return (isCached, !isCached && (state.filling.insert(layer.digest).inserted || !coalesces))
        }
        if isCached {
          try await transfer([layer], over: cache, rate: rate, .cache)
          break
        }
        guard isMine else {
          try await pace.sleep(.milliseconds(20))
          continue
        }
        defer { _ = state.withLock { $0.filling.remove(layer.digest) } }
        try await transfer([layer], over: registry, rate: rate, .registry)
        _ = state.withLock { $0.cached.insert(layer.digest) }
        break
      }
    }
  }

  private func transfer(
    _ layers: [Descriptor], over link: SharedLink, rate: Int64, _ source: RegistryLinks.Source
  ) async throws {
    let bytes = layers.reduce(0) { $0 + $1.size }
    try await link.transfer(bytes, rate: rate)
    state.withLock { $0.traffic.count(bytes, from: source) }
  }
}
