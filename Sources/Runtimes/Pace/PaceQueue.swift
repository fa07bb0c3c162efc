import ImageModel

/// Whose turn it is to move bytes when these are limited: a token bucket, for which layers queue up.
///
/// Layers take turns, so that one with many connections does not starve the others. Whoever comes may take more than there
/// is, and those behind him wait until that is paid back; so bytes may be asked for in steps of any size.
struct PaceQueue: Sendable {
  private struct Wish {
    let ticket: Int
    let bytes: Int64
  }

  /// What may be moved at once after a pause, in seconds of the limit.
  private static let burst = 0.1

  /// Nil for no limit.
  private(set) var bytesPerSecond: Int64?
  /// Bytes that may be moved now; less than 0 where more were moved than there were.
  private var credit: Double
  private var last: ContinuousClock.Instant
  private var waiting: [Digest: [Wish]] = [:]
  /// The layers that wait, the next one first.
  private var turns: [Digest] = []

  init(bytesPerSecond: Int64?, now: ContinuousClock.Instant) {
    self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
    last = now
    credit = 0
  }

  var isEmpty: Bool { turns.isEmpty }

  mutating func limit(to bytesPerSecond: Int64?, now: ContinuousClock.Instant) {
    earn(until: now)
    // What was moved without a limit is not paid back.
    if self.bytesPerSecond == nil { credit = 0 }
    self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
  }

  mutating func enter(_ ticket: Int, _ bytes: Int64, of layer: Digest) {
    if waiting[layer] == nil { turns.append(layer) }
    waiting[layer, default: []].append(Wish(ticket: ticket, bytes: bytes))
  }

  mutating func leave(_ ticket: Int) {
    for (layer, wishes) in waiting {
      guard let index = wishes.firstIndex(where: { $0.ticket == ticket }) else { continue }
      waiting[layer]?.remove(at: index)
      if waiting[layer]?.isEmpty == true {
        waiting[layer] = nil
        turns.removeAll { $0 == layer }
      }
      return
    }
  }

  /// Takes those out whose turn it is, and returns their tickets.
  mutating func grant(at now: ContinuousClock.Instant) -> [Int] {
    earn(until: now)
    var granted: [Int] = []
    while bytesPerSecond == nil || credit >= 0, !turns.isEmpty {
      let layer = turns.removeFirst()
      guard var wishes = waiting[layer], !wishes.isEmpty else { continue }
      let wish = wishes.removeFirst()
      waiting[layer] = wishes.isEmpty ? nil : wishes
      if !wishes.isEmpty { turns.append(layer) }
      granted.append(wish.ticket)
      if bytesPerSecond != nil { credit -= Double(wish.bytes) }
    }
    return granted
  }

  /// How long nobody's turn comes; nil when nobody waits.
  var delay: Duration? {
    guard !turns.isEmpty else { return nil }
    guard let bytesPerSecond, credit < 0 else { return .zero }
    return .seconds(-credit / Double(bytesPerSecond))
  }

  private mutating func earn(until now: ContinuousClock.Instant) {
    let passed = max(0, last.duration(to: now) / .seconds(1))
    last = max(last, now)
    guard let bytesPerSecond else { return }
    credit = min(credit + passed * Double(bytesPerSecond), Self.burst * Double(bytesPerSecond))
  }
}
