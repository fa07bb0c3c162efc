/// How long a number of nodes take, and what holds them.
package struct PullEstimate: Hashable, Sendable {
  /// What would have to be wider for it to go faster.
  package enum Bound: String, Codable, CaseIterable, Hashable, Sendable {
    /// Each node's own link.
    case nodeLink
    /// The link that all nodes share.
    case registryLink
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

  package init(duration: Duration, bound: Bound, parallelism: Int) {
    self.duration = duration
    self.bound = bound
    self.parallelism = parallelism
  }
}

extension PullEstimate.Bound: CustomStringConvertible {
  /// In words: `node link`.
  package var description: String {
    switch self {
    case .nodeLink: "node link"
    case .registryLink: "registry link"
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
  /// - Parameter loads: by node, in the order of their turns, and by image. A node without any costs its turn.
  package func estimate(_ loads: [[PullLoad]], parallelism: Int) -> PullEstimate {
    estimate(PullQueue(loads), parallelism: parallelism)
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
  /// for all bytes.
  package func limits(_ loads: [[PullLoad]]) -> [(bound: PullEstimate.Bound, duration: Duration)] {
    let bytes = loads.map { $0.reduce(0.0) { $0 + Double($1.bytes) } }
    var limits: [(bound: PullEstimate.Bound, duration: Duration)] = []
    func add(_ bound: PullEstimate.Bound, _ bytes: Double, at rate: Double?) {
      if let rate, bytes > 0 { limits.append((bound, .seconds(bytes / max(1, rate)))) }
    }
    add(.nodeLink, bytes.max() ?? 0, at: nodeBandwidth)
    add(.registryLink, bytes.reduce(0, +), at: registryBandwidth)
    add(.disk, loads.map { $0.reduce(0.0) { $0 + Double($1.unpackedBytes) } }.max() ?? 0, at: unpackBandwidth)
    return limits
  }

  private func estimate(_ queue: PullQueue, parallelism: Int) -> PullEstimate {
    var simulation = PullSimulation(self, queue)
    let end = simulation.run(parallelism: parallelism)
    let registry = registryBandwidth.map { queue.bytes / max(1, $0) } ?? 0
    return PullEstimate(
      duration: end.isEmpty ? .zero : .seconds(end.total) + frame, bound: end.bound(registry: registry),
      parallelism: max(1, parallelism))
  }
}
