import Synchronization

/// All metrics of a program, and their text for Prometheus.
package final class MetricRegistry: Sendable {
  private struct State {
    var families: [MetricFamily] = []
    /// Called before each reading, to bring gauges up to date.
    var readers: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  package init() {}

  package func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
    Counter(family: add(MetricDescription(name: name, kind: .counter, help: help, labels: labels, buckets: [])))
  }

  package func gauge(_ name: String, _ help: String, labels: [String] = []) -> Gauge {
    Gauge(family: add(MetricDescription(name: name, kind: .gauge, help: help, labels: labels, buckets: [])))
  }

  /// - Parameter buckets: upper bounds, ascending.
  package func histogram(_ name: String, _ help: String, labels: [String] = [], buckets: [Double]) -> Histogram {
    Histogram(
      family: add(MetricDescription(name: name, kind: .histogram, help: help, labels: labels, buckets: buckets)))
  }

  /// Calls `body` before each reading.
  package func beforeReading(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.readers.append(body) }
  }

  /// What metrics there are, in the order in which they were made.
  package var descriptions: [MetricDescription] { state.withLock { $0.families.map(\.description) } }

  /// Everything as text: Prometheus' exposition format 0.0.4.
  package var text: String {
    let (families, readers) = state.withLock { ($0.families, $0.readers) }
    for reader in readers { reader() }
    var text = ""
    for family in families { Exposition.write(family, to: &text) }
    return text
  }

  private func add(_ description: MetricDescription) -> MetricFamily {
    state.withLock { state in
      assert(!state.families.contains { $0.description.name == description.name }, "\(description.name) twice")
      let family = MetricFamily(description)
      state.families.append(family)
      return family
    }
  }
}
