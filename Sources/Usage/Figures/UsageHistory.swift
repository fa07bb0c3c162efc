/// What was seen of images over time, hour by hour: small whatever the number of pods. Pure.
///
/// Times are seconds since 1970.
package struct UsageHistory: Hashable, Sendable, Codable {
  /// Bounds of what is kept; the oldest hours go first.
  package struct Limits: Hashable, Sendable {
    package var hours: Int
    /// Of all images together, one for each hour in which an image was started.
    package var entries: Int

    package init(hours: Int = 31 * 24, entries: Int = 20_000) {
      self.hours = hours
      self.entries = entries
    }
  }

  /// The hour, counted from 1970, of a time.
  package static func hour(of time: Double) -> Int { time > 0 ? Int((min(time, 1e11) / 3600).rounded(.down)) : 0 }

  /// By the image's `ImageKey`, then by the hour.
  package private(set) var images: [String: [Int: UsageHour]] = [:]
  /// By the image's `ImageKey`.
  package private(set) var bytes: [String: Int64] = [:]
  /// How many seconds of each hour were watched.
  package private(set) var watched: [Int: Double] = [:]
  /// Up to when there was somebody who watched.
  package private(set) var watchedUntil: Double?

  package init() {}

  /// Counts what a kubelet reported. A time in the future counts as now: the node's clock is ahead.
  package mutating func note(_ start: ImageStart, as key: ImageKey, now: Double) {
    let hour = Self.hour(of: min(start.time, now))
    var entry = images[key.name]?[hour] ?? UsageHour()
    switch start.outcome {
    case .found: entry.found += 1
    case .failed: entry.failed += 1
    case .pulled(let pull, let wait):
      entry.pulled += 1
      entry.pulledOnNew += start.isOnNewNode ? 1 : 0
      entry.pullSeconds += Self.plausible(pull ?? wait)
      entry.waitSeconds += Self.plausible(wait ?? pull)
    }
    images[key.name, default: [:]][hour] = entry
    if let size = start.bytes, size > 0 { bytes[key.name] = size }
  }

  /// No pull takes longer than a day: what says so is counted as nothing.
  private static func plausible(_ duration: Duration?) -> Double {
    guard let duration, duration > .zero, duration < .seconds(86_400) else { return 0 }
    return duration / .seconds(1)
  }

  /// Notes that everything of this time was seen, as far as it is reported at all. Time that was watched already
  /// counts once.
  package mutating func watch(from start: Double, to end: Double) {
    var start = max(start, watchedUntil ?? 0, end - 31 * 86_400)
    watchedUntil = max(watchedUntil ?? end, end)
    while start < end {
      let hour = Self.hour(of: start)
      let next = min(end, Double(hour + 1) * 3600)
      watched[hour, default: 0] += next - start
      start = next
    }
  }

  /// Forgets what is older than the limits allow.
  package mutating func trim(_ limits: Limits = Limits(), now: Double) {
    var oldest = Self.hour(of: now) - limits.hours
    let count = images.values.reduce(0) { $0 + $1.count }
    if count > limits.entries {
      var surplus = count - limits.entries
      let byHour = images.values.reduce(into: [Int: Int]()) { sums, hours in
        for hour in hours.keys { sums[hour, default: 0] += 1 }
      }
      for (hour, entries) in byHour.sorted(by: <) where surplus > 0 {
        surplus -= entries
        oldest = max(oldest, hour + 1)
      }
    }
    images = images.compactMapValues { hours in
      let kept = hours.filter { $0.key >= oldest }
      return kept.isEmpty ? nil : kept
    }
    bytes = bytes.filter { images[$0.key] != nil }
    watched = watched.filter { $0.key >= oldest }
  }

  /// All of an image from this time on, by whole hours.
  package func total(of key: String, since start: Double) -> UsageHour {
    let first = Self.hour(of: start)
    return (images[key] ?? [:]).reduce(into: UsageHour()) { sum, entry in
      if entry.key >= first { sum += entry.value }
    }
  }

  /// How many hours were watched from this time on, by the same whole hours.
  package func hoursWatched(since start: Double) -> Double {
    let first = Self.hour(of: start)
    return watched.reduce(0) { $1.key >= first ? $0 + $1.value : $0 } / 3600
  }
}
