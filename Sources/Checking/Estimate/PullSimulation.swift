import Documents

/// Plays a rollout through, as fluid through pipes: every transfer moves at its node's link rate or at its even share
/// of the registry's, whichever is less; or of a cache's, or of those of nodes that hold the bytes.
///
/// All transfers of one source move at one rate at a time, so each is done when the bytes that one from the start would have got
/// reach a number that is known when it begins. Nodes that lack the same and begin together stay together and are
/// played as one: the cost is that of the nodes that differ, n images of theirs taking n steps of log n.
struct PullSimulation {
  private enum Stage {
    /// Until the pod is there.
    case turn
    case latency
    case unpacking
  }

  /// Nodes that lack the same and began together.
  private struct Party {
    let kind: Int
    let count: Int
    var image = 0
    /// Whether what it transfers comes from the cache, or from other nodes.
    var isNearby = false
    var stage = Stage.turn
    var spent: PullSpending
  }

  /// Something that a party waits for: of the time, or of the bytes that a transfer has got.
  private struct Due: Comparable {
    let at: Double
    let party: Int

    static func < (one: Due, other: Due) -> Bool { (one.at, one.party) < (other.at, other.party) }
  }

  /// Transfers from one source.
  private struct Stream {
    /// Bytes that a transfer has got which was there from the start.
    var served = 0.0
    /// Seconds in which transfers moved at their node's rate, and at a share.
    var (own, shared) = (0.0, 0.0)
    var ends = Heap<Due>()
    /// Nodes that transfer.
    var flows = 0
  }

  private let model: PullModel
  private let queue: PullQueue
  private let turn: Double
  private let latency: Double
  private let layerTime: Double
  private var nextNode = 0
  private var parties: [Party] = []
  private var now = 0.0
  private var registry = Stream()
  private var nearby = Stream()
  /// Bytes that left the registry.
  private(set) var registryBytes = 0.0
  private var waits = Heap<Due>()
  private var parallelism = 1
  private var seeds = 0
  /// Nodes at work, and those that are done.
  private var (active, done) = (0, 0)
  private var last = PullSpending()

  init(_ model: PullModel, _ queue: PullQueue) {
    self.model = model
    self.queue = queue
    turn = model.turn / .seconds(1)
    latency = model.latency / .seconds(1)
    layerTime = model.layerTime / .seconds(1)
  }

  /// What the time went to in the place that was the last to be done.
  mutating func run(parallelism: Int, seeds: Int) -> PullSpending {
    self.parallelism = max(1, parallelism)
    self.seeds = seeds
    beginNodes(after: PullSpending())
    while step() {}
    return last
  }

  private mutating func step() -> Bool {
    let (far, near) = (rate(of: registry, isNearby: false), rate(of: nearby, isNearby: true))
    let arrivals = [arrival(registry, far.rate), arrival(nearby, near.rate)]
    guard let moment = (arrivals + [waits.min?.at]).compactMap(\.self).min() else { return false }
    Self.move(&registry, moment - now, far)
    Self.move(&nearby, moment - now, near)
    now = moment
    if let arrival = arrivals[0], arrival <= moment, let transfer = registry.ends.popMin() {
      registry.served = max(registry.served, transfer.at)
      endTransfer(transfer.party)
    } else if let arrival = arrivals[1], arrival <= moment, let transfer = nearby.ends.popMin() {
      nearby.served = max(nearby.served, transfer.at)
      endTransfer(transfer.party)
    } else if let wait = waits.popMin() {
      switch parties[wait.party].stage {
      case .turn: beginImage(wait.party)
      case .latency: beginTransfer(wait.party)
      case .unpacking: endImage(wait.party)
      }
    }
    return true
  }

  private func arrival(_ stream: Stream, _ rate: Double) -> Double? {
    stream.ends.min.map { now + max(0, $0.at - stream.served) / rate }
  }

  private static func move(_ stream: inout Stream, _ seconds: Double, _ rate: (rate: Double, isShared: Bool)) {
    guard stream.flows > 0 else { return }
    stream.served += seconds * rate.rate
    if rate.isShared { stream.shared += seconds } else { stream.own += seconds }
  }

  /// Bytes a second of each transfer of a source, and whether it is a share that sets it.
  private func rate(of stream: Stream, isNearby: Bool) -> (rate: Double, isShared: Bool) {
    let own = Self.possible(model.nodeBandwidth)
    let all: Double?
    switch model.source {
    case .registry: all = model.registryBandwidth
    // What the cache does not have passes it too.
    case .cache(let bandwidth):
      all = isNearby ? bandwidth : [model.registryBandwidth, bandwidth].compactMap(\.self).min()
    case .mirror: all = isNearby ? Double(done) * own : model.registryBandwidth
    }
    guard let all else { return (own, false) }
    let share = Self.possible(all) / Double(max(1, stream.flows))
    return (min(own, share), share <= own)
  }

  /// A rate that moves something, and not all at once.
  private static func possible(_ rate: Double) -> Double { rate > 1 ? min(rate, 1e15) : 1 }

  /// Gives places that are free to the next nodes.
  private mutating func beginNodes(after spent: PullSpending) {
    let limit = seeds > 0 ? min(parallelism, done + seeds) : parallelism
    let end = min(queue.nodes.count, nextNode + min(max(0, limit - active), queue.nodes.count))
    active += end - nextNode
    var counts: [Int: Int] = [:]
    for kind in queue.nodes[nextNode..<end] { counts[kind, default: 0] += 1 }
    nextNode = end
    for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
      var party = Party(kind: kind, count: count, spent: spent)
      party.spent.nodes += 1
      party.spent.waiting += turn
      parties.append(party)
      waits.insert(Due(at: now + turn, party: parties.count - 1))
    }
  }

  private mutating func beginImage(_ index: Int) {
    let party = parties[index]
    guard party.image < queue.kinds[party.kind].count else {
      last = party.spent
      active -= party.count
      done += party.count
      return beginNodes(after: party.spent)
    }
    pause(index, for: latency, .latency)
    parties[index].spent.waiting += latency
  }

  private mutating func beginTransfer(_ index: Int) {
    let party = parties[index]
    let bytes = Double(max(0, queue.kinds[party.kind][party.image].bytes))
    parties[index].isNearby = model.source != .registry && done > 0
    // What has passed so far is taken off when the transfer ends.
    if parties[index].isNearby {
      parties[index].spent.nodeLink -= nearby.own
      parties[index].spent.nearbyLink -= nearby.shared
      nearby.flows += party.count
      nearby.ends.insert(Due(at: nearby.served + bytes, party: index))
    } else {
      parties[index].spent.nodeLink -= registry.own
      parties[index].spent.registryLink -= registry.shared
      registry.flows += party.count
      registryBytes += bytes * Double(party.count)
      registry.ends.insert(Due(at: registry.served + bytes, party: index))
    }
  }

  private mutating func endTransfer(_ index: Int) {
    let party = parties[index]
    if party.isNearby {
      nearby.flows -= party.count
      parties[index].spent.nodeLink += nearby.own
      parties[index].spent.nearbyLink += nearby.shared
    } else {
      registry.flows -= party.count
      parties[index].spent.nodeLink += registry.own
      parties[index].spent.registryLink += registry.shared
    }
    let load = queue.kinds[party.kind][party.image]
    let unpacking = model.unpackBandwidth.map { Double(max(0, load.unpackedBytes)) / Self.possible($0) } ?? 0
    let seconds = unpacking + Double(max(0, load.layers)) * layerTime
    guard seconds > 0 else { return endImage(index) }
    parties[index].spent.unpacking += seconds
    pause(index, for: seconds, .unpacking)
  }

  private mutating func endImage(_ index: Int) {
    parties[index].image += 1
    beginImage(index)
  }

  private mutating func pause(_ index: Int, for seconds: Double, _ stage: Stage) {
    parties[index].stage = stage
    waits.insert(Due(at: now + seconds, party: index))
  }
}
