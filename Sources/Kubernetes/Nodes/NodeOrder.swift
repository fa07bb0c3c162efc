extension [NodeFacts] {
  /// The order in which nodes are warmed: ready ones first, and one zone after the other in turn, so that the first
  /// waves serve every zone and no uplink has to bear them alone.
  package var inWarmingOrder: [NodeFacts] {
    let ready = filter { $0.isReady && $0.isSchedulable }
    return Self.dealt(ready) + Self.dealt(filter { !($0.isReady && $0.isSchedulable) })
  }

  private static func dealt(_ nodes: [NodeFacts]) -> [NodeFacts] {
    let zones = Dictionary(grouping: nodes, by: \.zone).mapValues { $0.sorted { $0.name < $1.name } }
    let names = zones.keys.sorted()
    let rounds = zones.values.map(\.count).max() ?? 0
    return (0..<rounds).flatMap { round in
      names.compactMap { zone in zones[zone].flatMap { round < $0.count ? $0[round] : nil } }
    }
  }
}
