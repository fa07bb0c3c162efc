import Documents

/// Plays a rollout through, as fluid through pipes: every transfer moves at its node's link rate or at its even share
/// of the registry's, whichever is less.
///
/// All transfers move at one rate at a time, so each is done when the bytes that one from the start would have got
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
    var stage = Stage.turn
    var spent: PullSpending
  }

  /// Something that a party waits for: of the time, or of the bytes that a transfer has got.
  private struct Due: Comparable {
    let at: Double
    let party: Int

    static func < (one: Due, other: Due) -> Bool { (one.at, one.party) < (other.at, other.party) }
  }

  private let model: PullModel
  private let queue: PullQueue
  private let turn: Double
  private let latency: Double
  private let layerTime: Double
  private var nextNode = 0
  private var parties: [Party] = []
  private var now = 0.0
  /// Bytes that a transfer has got which was there from the start.
  private var served = 0.0
  /// Seconds in which transfers moved at their node's rate, and at the registry's.
  private var (byNode, byRegistry) = (0.0, 0.0)
  private var waits = Heap<Due>()
  private var transfers = Heap<Due>()
  /// Nodes that transfer.
  private var flows = 0
  private var last = PullSpending()

  init(_ model: PullModel, _ queue: PullQueue) {
    self.model = model
    self.queue = queue
    turn = model.turn / .seconds(1)
    latency = model.latency / .seconds(1)
    layerTime = model.layerTime / .seconds(1)
  }

  /// What the time went to in the place that was the last to be done.
  mutating func run(parallelism: Int) -> PullSpending {
    beginNodes(max(1, parallelism), after: PullSpending())
    while step() {}
    return last
  }

  private mutating func step() -> Bool {
    let (rate, isShared) = rate
    let arrival = transfers.min.map { now + max(0, $0.at - served) / rate }
    let end = waits.min?.at
    guard let moment = [arrival, end].compactMap(\.self).min() else { return false }
    if flows > 0 {
      served += (moment - now) * rate
      if isShared { byRegistry += moment - now } else { byNode += moment - now }
    }
    now = moment
    if let arrival, arrival <= moment, let transfer = transfers.popMin() {
      served = max(served, transfer.at)
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

  /// Bytes a second of each transfer, and whether it is the registry's link that sets it.
  private var rate: (Double, isShared: Bool) {
    let own = Self.possible(model.nodeBandwidth)
    guard let all = model.registryBandwidth else { return (own, false) }
    let share = Self.possible(all) / Double(max(1, flows))
    return (min(own, share), share <= own)
  }

  /// A rate that moves something, and not all at once.
  private static func possible(_ rate: Double) -> Double { rate > 1 ? min(rate, 1e15) : 1 }

  /// Gives places that became free to the next nodes.
  private mutating func beginNodes(_ places: Int, after spent: PullSpending) {
    let end = min(queue.nodes.count, nextNode + min(places, queue.nodes.count))
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
      return beginNodes(party.count, after: party.spent)
    }
    pause(index, for: latency, .latency)
    parties[index].spent.waiting += latency
  }

  private mutating func beginTransfer(_ index: Int) {
    let party = parties[index]
    // What has passed so far is taken off when the transfer ends.
    parties[index].spent.nodeLink -= byNode
    parties[index].spent.registryLink -= byRegistry
    flows += party.count
    let bytes = queue.kinds[party.kind][party.image].bytes
    transfers.insert(Due(at: served + Double(max(0, bytes)), party: index))
  }

  private mutating func endTransfer(_ index: Int) {
    let party = parties[index]
    flows -= party.count
    parties[index].spent.nodeLink += byNode
    parties[index].spent.registryLink += byRegistry
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
