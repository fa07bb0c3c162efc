import Kubernetes

/// The pods that a label selector chooses, and those that it chose as long as events may tell of them.
///
/// Events have no labels of their own.
struct PodSelection: Sendable {
  /// A pod with nothing but its name.
  struct Member: Resource {
    static let apiVersion = "v1"
    static let kind = "Pod"
    static let plural = "pods"

    var metadata: ObjectMeta

    var name: String { PodSelection.name(metadata.namespace ?? "", metadata.name ?? "") }
  }

  /// `namespace/name`.
  private(set) var names: Set<String> = []
  /// When those were seen to go that went. Seconds since 1970.
  private var gone: [String: Double] = [:]

  static func name(_ namespace: String, _ pod: String) -> String { "\(namespace)/\(pod)" }

  mutating func add(_ name: String) {
    names.insert(name)
    gone[name] = nil
  }

  mutating func remove(_ name: String, at now: Double) {
    if names.contains(name), gone[name] == nil { gone[name] = now }
  }

  /// Takes what is there by now as a whole.
  mutating func replace(by present: Set<String>, at now: Double) {
    for name in names.subtracting(present) { remove(name, at: now) }
    for name in present { add(name) }
  }

  /// Forgets those of which no event is left.
  mutating func trim(at now: Double) {
    for (name, time) in gone where time < now - UsageReader.eventsLive {
      gone[name] = nil
      names.remove(name)
    }
  }
}
