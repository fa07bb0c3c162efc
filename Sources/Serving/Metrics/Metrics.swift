/// A number that only rises.
package struct Counter: Sendable {
  let family: MetricFamily

  /// - Parameter labels: one value for each label of the description, in its order.
  package func add(_ amount: Double = 1, _ labels: String...) {
    assert(amount >= 0, "counters only rise")
    family.change(labels) { $0.value += amount }
  }

  package func value(_ labels: String...) -> Double { family.sample(labels)?.value ?? 0 }

  package func retain(where isWanted: ([String]) -> Bool) { family.retain(where: isWanted) }
}

/// A number that rises and falls.
package struct Gauge: Sendable {
  let family: MetricFamily

  package func set(_ value: Double, _ labels: String...) { family.change(labels) { $0.value = value } }

  package func value(_ labels: String...) -> Double? { family.sample(labels)?.value }

  /// Removes what is gone, so that it is not exported for ever.
  package func retain(where isWanted: ([String]) -> Bool) { family.retain(where: isWanted) }
}

/// How often something took how long, or was how large.
package struct Histogram: Sendable {
  let family: MetricFamily

  package func observe(_ value: Double, _ labels: String...) { observe(value, labels: labels) }

  /// In seconds.
  package func observe(_ duration: Duration, _ labels: String...) { observe(duration / .seconds(1), labels: labels) }

  private func observe(_ value: Double, labels: [String]) {
    let bounds = family.description.buckets
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    family.change(labels) {
      $0.value += value
      $0.counts[bucket] += 1
    }
  }

  package func count(_ labels: String...) -> UInt64 { family.sample(labels)?.counts.reduce(0, +) ?? 0 }

  package func sum(_ labels: String...) -> Double { family.sample(labels)?.value ?? 0 }

  package func retain(where isWanted: ([String]) -> Bool) { family.retain(where: isWanted) }
}
