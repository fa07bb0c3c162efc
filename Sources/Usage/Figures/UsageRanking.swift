/// The images of a cluster in the order of what they cost. Pure.
///
/// Expected cold wait of an image per hour = starts x cold x pull:
///
/// - **starts**: containers that start with it, per hour. The larger of two counts, as both can only miss some: what
///   kubelets reported (found and pulled, per hour watched), and pods that were made within the time and are still there.
///   Pods that workloads ask for and that are not there yet, a next revision that rolls out, are added: they start within
///   the hour.
/// - **cold**: the chance that the next start meets a node without the image,
///   `(new + lacking x (pulled - new + 2)) / (found + pulled + 2)`, where `lacking` is the share of nodes that do not hold
///   it and `new` are pulls on nodes that had just joined. Starts that found it count as warm, so that popular images,
///   which warm their nodes themselves, come near 0. Pulls on new nodes count as cold, as the next new node pulls too. Any
///   other pull warmed its node: the next start of that kind is as cold as the nodes are now. The share alone counts as
///   much as two starts; it is all there is for an image that was never seen to start.
/// - **pull**: the mean of the pulls that were seen, without the wait for other pulls; else its size by the median speed
///   of the images whose size and time are known; else the median of all pulls.
package struct UsageRanking: Hashable, Sendable {
  /// The most expensive first; equal ones by their use, then by name.
  package let images: [ImageUsage]

  /// How many starts the share of nodes that lack an image stands for.
  static let priorStarts = 2.0

  /// - Parameters:
  ///   - since: the beginning of the time that is looked at, seconds since 1970.
  ///   - now: its end.
  package init(_ survey: UsageSurvey, _ history: UsageHistory, since: Double, now: Double) {
    var figures: [(key: ImageKey, entry: UsageSurvey.Entry?, seen: UsageHour, bytes: Int64?)] = survey.entries.filter {
      $0.reference != nil
    }.map {
      ($0.key, $0, history.total(of: $0.key.name, since: since), $0.bytes ?? history.bytes[$0.key.name])
    }
    let known = Set(figures.map(\.key.name))
    for name in history.images.keys where !known.contains(name) {
      let seen = history.total(of: name, since: since)
      if seen.starts + seen.failed > 0 { figures.append((ImageKey(name), nil, seen, history.bytes[name])) }
    }

    let timed = figures.filter { $0.seen.pulled > 0 && $0.seen.pullSeconds > 0 }
    let typicalPull = Self.median(timed.map { $0.seen.pullSeconds / Double($0.seen.pulled) })
    let typicalSpeed = Self.median(
      timed.compactMap { figure in
        figure.bytes.map { Double($0) * Double(figure.seen.pulled) / figure.seen.pullSeconds }
      })
    let hoursWatched = history.hoursWatched(since: since)
    let hours = max(now - since, 1) / 3600

    images = figures.map { key, entry, seen, bytes in
      let all = entry.map(survey.eligible) ?? survey.nodes["linux"] ?? 0
      let holding = min(entry?.nodes.count ?? 0, all)
      let reported = hoursWatched > 0 ? Double(seen.starts) / hoursWatched : 0
      let made = Double(entry?.newPods ?? 0) / hours
      let share = all > 0 ? 1 - Double(holding) / Double(all) : 1
      let settled = Double(seen.pulled - seen.pulledOnNew)
      let cold =
        (Double(seen.pulledOnNew) + share * (settled + Self.priorStarts)) / (Double(seen.starts) + Self.priorStarts)
      let mean = seen.pulled > 0 && seen.pullSeconds > 0 ? seen.pullSeconds / Double(seen.pulled) : nil
      let bySize = bytes.flatMap { bytes in typicalSpeed.map { Double(bytes) / $0 } }
      let pullTime = mean ?? bySize ?? typicalPull
      return ImageUsage(
        reference: entry?.reference ?? key.name, key: key, nodes: holding, eligibleNodes: all,
        canBeWarmed: entry.map { $0.systems.isEmpty || !$0.systems.isDisjoint(with: ["linux", "windows"]) } ?? true,
        pods: entry?.pods ?? 0,
        failing: entry?.failing ?? 0, expectedPods: entry?.expected ?? 0, users: entry?.users.sorted() ?? [],
        bytes: bytes, seen: seen, startsPerHour: max(reported, made) + Double(entry?.expected ?? 0), coldChance: cold,
        pullTime: pullTime.map { .seconds($0) }, isPullTimeGuessed: mean == nil && pullTime != nil)
    }
    .sorted { one, other in
      if one.waitPerHour != other.waitPerHour { return one.waitPerHour > other.waitPerHour }
      let (use, otherUse) = (one.startsPerHour * one.coldChance, other.startsPerHour * other.coldChance)
      if use != otherUse { return use > otherUse }
      return (other.pods, one.key) < (one.pods, other.key)
    }
  }

  private static func median(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
