/// Bytes per second over the last few seconds, from readings of a growing counter.
///
/// Pure: instants are passed in as the time since any fixed start.
package struct RateMeter: Sendable {
  private var readings: [(time: Duration, bytes: Int64)] = []
  private let window: Duration

  package init(window: Duration = .seconds(5)) { self.window = window }

  /// Takes a reading. A counter that went back starts the measurement over.
  package mutating func record(_ bytes: Int64, at time: Duration) {
    if let last = readings.last {
      if bytes < last.bytes || time < last.time { readings.removeAll() }
      // Ten readings a second are enough; a later one within 100 ms replaces the last.
      if readings.count > 1, time - last.time < .milliseconds(100) { readings.removeLast() }
    }
    readings.append((time, bytes))
    while readings.count > 2, time - readings[1].time >= window { readings.removeFirst() }
  }

  /// Bytes per second as of `now`, 0 where none came for the whole window; `nil` until half a second has been seen.
  package func rate(at now: Duration) -> Double? {
    guard let first = readings.first, let last = readings.last else { return nil }
    guard now - last.time < window else { return 0 }
    let span = max(now - first.time, last.time - first.time)
    guard span >= .milliseconds(500) else { return nil }
    return Double(last.bytes - first.bytes) / (span / .seconds(1))
  }

  /// Time until `remaining` bytes are done at the present rate; `nil` when it is unknown.
  package func timeLeft(_ remaining: Int64, at now: Duration) -> Duration? {
    guard let rate = rate(at: now), rate >= 1, remaining >= 0 else { return nil }
    return .seconds(Double(remaining) / rate)
  }
}
