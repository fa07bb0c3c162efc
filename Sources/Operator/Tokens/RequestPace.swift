/// How often each node may ask: so many times at once, and then as they are given back.
struct RequestPace {
  private struct Bucket {
    var left: Double
    var at: ContinuousClock.Instant
  }

  private let burst: Double
  private let perSecond: Double
  private var buckets: [String: Bucket] = [:]

  init(burst: Double = 60, perSecond: Double = 2) {
    (self.burst, self.perSecond) = (burst, perSecond)
  }

  /// Counts a request.
  ///
  /// - Returns: how many seconds the node has to wait first; nil for none.
  mutating func wait(of node: String, at now: ContinuousClock.Instant) -> Int? {
    // Those that have all again need not be kept.
    if buckets.count >= 10_000 { buckets = buckets.filter { filled($0.value, at: now) < burst } }
    let left = filled(buckets[node] ?? Bucket(left: burst, at: now), at: now)
    buckets[node] = Bucket(left: max(0, left >= 1 ? left - 1 : left), at: now)
    return left >= 1 ? nil : Int(((1 - left) / perSecond).rounded(.up))
  }

  private func filled(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
    min(burst, bucket.left + (now - bucket.at) / .seconds(1) * perSecond)
  }
}
