package import Kubernetes

/// What users add to the pods that pull, so that quotas, LimitRanges and admission policies take them.
package struct PodTemplateOptions: Hashable, Sendable {
  /// Where a key is also ours, ours stays.
  package var labels: StringMap
  package var annotations: StringMap
  /// Of every container; where a resource is named here, our own request for it goes.
  package var requests: StringMap
  package var limits: StringMap

  package init(
    labels: StringMap = [:], annotations: StringMap = [:], requests: StringMap = [:], limits: StringMap = [:]
  ) {
    self.labels = labels
    self.annotations = annotations
    self.requests = requests
    self.limits = limits
  }

  package var isEmpty: Bool { labels.isEmpty && annotations.isEmpty && requests.isEmpty && limits.isEmpty }

  /// These options, and those of `defaults` for every key that is not named here.
  package func filling(in defaults: PodTemplateOptions) -> PodTemplateOptions {
    PodTemplateOptions(
      labels: defaults.labels.merging(labels), annotations: defaults.annotations.merging(annotations),
      requests: defaults.requests.merging(requests), limits: defaults.limits.merging(limits))
  }

  /// What a container asks for, over requests of our own.
  func resources(over ours: StringMap) -> ResourceRequirements {
    let requests = ours.merging(requests)
    return ResourceRequirements(
      requests: requests.isEmpty ? nil : requests, limits: limits.isEmpty ? nil : limits)
  }
}

// MARK: What the API server takes

extension PodTemplateOptions {
  /// A part that the API server would refuse.
  package struct Problem: Hashable, Sendable {
    package enum Part: String, Hashable, Sendable { case labels, annotations, requests, limits }

    package let part: Part
    package let key: String
    /// The end of a sentence about the key or its value.
    package let text: String
  }

  /// The first part that the API server would refuse; nil when there is none.
  package var problem: Problem? {
    for (part, map) in [(Problem.Part.labels, labels), (.annotations, annotations)] {
      for (key, value) in map.entries.sorted(by: { $0.key < $1.key }) {
        if let text = NamingRule.key.problem(in: key) {
          return Problem(part: part, key: key, text: "the key '\(key)' \(text)")
        }
        if part == .labels, let text = NamingRule.value.problem(in: value) {
          return Problem(part: part, key: key, text: "the value '\(value)' of \(key) \(text)")
        }
      }
    }
    for (part, map) in [(Problem.Part.requests, requests), (.limits, limits)] {
      for (key, value) in map.entries.sorted(by: { $0.key < $1.key }) {
        if let text = NamingRule.key.problem(in: key) {
          return Problem(part: part, key: key, text: "the resource '\(key)' \(text)")
        }
        if !Self.isQuantity(value) {
          return Problem(
            part: part, key: key, text: "'\(value)' of \(key) is no quantity; write for example 10m, 0.5 or 64Mi")
        }
      }
    }
    return nil
  }

  /// Whether a text is a quantity that is not negative: `10m`, `0.5`, `64Mi`, `1e3`.
  ///
  /// Source: apimachinery's `resource.ParseQuantity`.
  static func isQuantity(_ text: String) -> Bool {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard number.contains(where: { $0 != "." }), number.count(where: { $0 == "." }) <= 1 else { return false }
    let suffix = text.dropFirst(number.count)
    if ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].contains(suffix) {
      return true
    }
    guard let mark = suffix.first, mark == "e" || mark == "E" else { return false }
    let digits = suffix.dropFirst()
    let exponent = digits.first == "-" || digits.first == "+" ? digits.dropFirst() : digits
    return !exponent.isEmpty && exponent.allSatisfy { $0.isASCII && $0.isNumber }
  }
}
