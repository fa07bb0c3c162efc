/// How long a number of nodes take, and what holds them.
package struct PullEstimate: Hashable, Sendable {
  /// What would have to be wider for it to go faster.
  package enum Bound: String, Codable, CaseIterable, Hashable, Sendable {
    /// Each node's own link.
    case nodeLink
    /// The link that all nodes share.
    case registryLink
    /// That of the pull-through cache, which all nodes share.
    case cacheLink
    /// Each node's unpacking.
    case disk
    /// Nodes wait for their turn: more at a time would help.
    case waves
    /// Questions and answers, pods that come and go: the bytes hardly matter.
    case latency
  }

  /// From the first object to the end of the clean-up.
  package var duration: Duration
  package var bound: Bound
  /// Nodes at a time.
  package var parallelism: Int
  /// Nodes that pull first; 0: all begin at once.
  package var seeds: Int
  /// That leave the registry.
  package var registryBytes: Int64

  package init(duration: Duration, bound: Bound, parallelism: Int, seeds: Int = 0, registryBytes: Int64 = 0) {
    self.duration = duration
    self.bound = bound
    self.parallelism = parallelism
    self.seeds = seeds
    self.registryBytes = registryBytes
  }
}

extension PullEstimate.Bound: CustomStringConvertible {
  /// In words: `node link`.
  package var description: String {
    switch self {
    case .nodeLink: "node link"
    case .registryLink: "registry link"
    case .cacheLink: "cache link"
    case .disk: "disk"
    case .waves: "waves"
    case .latency: "latency"
    }
  }
}

extension PullModel {
  /// How long it takes until every node holds its images, `parallelism` nodes at a time.
  ///
  /// A node pulls its images one after the other, as kubelets do by default, and unpacks each when all of it is there;
  /// a place that becomes free is the next node's at once, as in `prepull run`. Transfers share the registry's link
  /// evenly, and none is faster than its node's link.
  ///
  /// - Parameters:
  ///   - loads: by node, in the order of their turns, and by image. A node without any costs its turn.
  ///   - seeds: nodes that pull first; when they are done, twice as many, and so on up to `parallelism`. By node: that
  ///     images spread each by itself is left out, which makes it a little faster where there are several.
  package func estimate(_ loads: [[PullLoad]], parallelism: Int, seeds: Int = 0) -> PullEstimate {
    estimate(PullQueue(loads), parallelism: parallelism, seeds: seeds)
  }

  /// Without seeds, and with 1, 2, 3, 4, 6, 8, 12, 16 and so on up to the parallelism.
  package func seedEstimates(_ loads: [[PullLoad]], parallelism: Int) -> [PullEstimate] {
    let queue = PullQueue(loads)
    var steps = [0, 1]
    var decade = 2
    while decade <= min(parallelism, loads.count) {
      steps += [decade, decade * 3 / 2].filter { $0 <= min(parallelism, loads.count) }
      decade *= 2
    }
    return steps.map { estimate(queue, parallelism: parallelism, seeds: $0) }
  }

  /// The same for several numbers of nodes at a time: 1, 2, 5, 10, 20, 50 and so on, and all at once.
  package func estimates(_ loads: [[PullLoad]]) -> [PullEstimate] {
    let queue = PullQueue(loads)
    guard !loads.isEmpty else { return [] }
    var steps: [Int] = []
    var decade = 1
    while decade < loads.count {
      steps += [1, 2, 5].map { $0 * decade }.filter { $0 < loads.count }
      decade *= 10
    }
    return (steps + [loads.count]).map { estimate(queue, parallelism: $0) }
  }

  /// The times that no parallelism can beat: what the slowest node needs by itself, and what the registry's link needs
  /// for all bytes, or a cache's for these and the registry's for one copy.
  package func limits(_ loads: [[PullLoad]]) -> [(bound: PullEstimate.Bound, duration: Duration)] {
    let bytes = loads.map { $0.reduce(0.0) { $0 + Double($1.bytes) } }
    var limits: [(bound: PullEstimate.Bound, duration: Duration)] = []
    func add(_ bound: PullEstimate.Bound, _ bytes: Double, at rate: Double?) {
      if let rate, bytes > 0 { limits.append((bound, .seconds(bytes / max(1, rate)))) }
    }
    add(.nodeLink, bytes.max() ?? 0, at: nodeBandwidth)
    let all = bytes.reduce(0, +)
    switch source {
    case .registry: add(.registryLink, all, at: registryBandwidth)
    // One copy at least, where no node has all already.
    case .mirror:
      if !loads.contains(where: \.isEmpty) { add(.registryLink, bytes.max() ?? 0, at: registryBandwidth) }
    case .cache(let bandwidth):
      add(.registryLink, bytes.max() ?? 0, at: registryBandwidth)
      add(.cacheLink, all, at: bandwidth)
    }
    add(.disk, loads.map { $0.reduce(0.0) { $0 + Double($1.unpackedBytes) } }.max() ?? 0, at: unpackBandwidth)
    return limits
  }

  private var nearbyBound: PullEstimate.Bound {
    if case .cache = source { .cacheLink } else { .nodeLink }
  }

  private func estimate(_ queue: PullQueue, parallelism: Int, seeds: Int = 0) -> PullEstimate {
    var simulation = PullSimulation(self, queue)
    let end = simulation.run(parallelism: parallelism, seeds: seeds)
    let registry = registryBandwidth.map { simulation.registryBytes / max(1, $0) } ?? 0
    return PullEstimate(
      duration: end.isEmpty ? .zero : .seconds(end.total) + frame,
      bound: end.bound(registry: registry, nearby: nearbyBound),
      parallelism: max(1, parallelism), seeds: seeds, registryBytes: Int64(simulation.registryBytes))
  }
}

extension [PullEstimate] {
  /// Of several numbers of seeds the best: the fewest of those that take at most a fiftieth longer than the quickest.
  package var bestSeeds: PullEstimate? {
    let seeded = filter { $0.seeds > 0 }
    guard let quickest = seeded.map(\.duration).min() else { return nil }
    return seeded.first { $0.duration <= quickest * 51 / 50 }
  }
}
