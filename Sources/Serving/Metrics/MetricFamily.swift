import Synchronization

/// What a metric is called and means: one line of the documentation.
package struct MetricDescription: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    case counter, gauge, histogram
  }

  /// With its unit, in base units: `prepull_gate_wait_seconds`.
  package let name: String
  package let kind: Kind
  package let help: String
  package let labels: [String]
  /// Upper bounds of a histogram, ascending, without infinity.
  package let buckets: [Double]
}

/// The values of one metric, by the values of its labels.
final class MetricFamily: Sendable {
  struct Sample {
    /// Of a histogram: the sum.
    var value = 0.0
    /// Of a histogram: observations up to each bound, not those below the one before it counted again; the last is
    /// infinity.
    var counts: [UInt64] = []
  }

  let description: MetricDescription
  private let samples: Mutex<[[String]: Sample]>

  init(_ description: MetricDescription) {
    self.description = description
    // A metric without labels is there from the start, so that rates have a zero to rise from.
    samples = Mutex(description.labels.isEmpty ? [[]: Self.empty(description)] : [:])
  }

  func change(_ labels: [String], _ body: (inout Sample) -> Void) {
    assert(labels.count == description.labels.count, "\(description.name) has the labels \(description.labels)")
    samples.withLock { body(&$0[labels, default: Self.empty(description)]) }
  }

  func sample(_ labels: [String]) -> Sample? { samples.withLock { $0[labels] } }

  /// Forgets all samples whose labels are not wanted any more.
  func retain(where isWanted: ([String]) -> Bool) {
    samples.withLock { samples in samples = samples.filter { isWanted($0.key) } }
  }

  /// All samples, in the order of their labels.
  var all: [(labels: [String], sample: Sample)] {
    samples.withLock { $0.map { ($0.key, $0.value) } }.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
  }

  private static func empty(_ description: MetricDescription) -> Sample {
    let isHistogram = description.kind == .histogram
    return Sample(counts: isHistogram ? Array(repeating: 0, count: description.buckets.count + 1) : [])
  }
}
