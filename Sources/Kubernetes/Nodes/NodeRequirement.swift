/// What a label of a node has to be. Source: Kubernetes' label selectors and node affinity.
package struct NodeRequirement: Hashable, Sendable {
  package enum Operator: String, Hashable, Sendable {
    case `in` = "In"
    case notIn = "NotIn"
    case exists = "Exists"
    case doesNotExist = "DoesNotExist"
    /// The label and the value are whole numbers.
    case greater = "Gt"
    case less = "Lt"
  }

  package var key: String
  package var `operator`: Operator
  package var values: [String]

  package init(_ key: String, _ operator: Operator, _ values: [String] = []) {
    self.key = key
    self.operator = `operator`
    self.values = values
  }

  /// Whether labels meet it. `NotIn` is met by a label that is not there.
  package func isMet(by labels: [String: String]) -> Bool {
    isMet(by: labels[key])
  }

  func isMet(by value: String?) -> Bool {
    switch `operator` {
    case .in: value.map(values.contains) ?? false
    case .notIn: value.map { !values.contains($0) } ?? true
    case .exists: value != nil
    case .doesNotExist: value == nil
    case .greater: compare(value, by: >)
    case .less: compare(value, by: <)
    }
  }

  private func compare(_ value: String?, by order: (Int64, Int64) -> Bool) -> Bool {
    guard let value, values.count == 1, let own = Int64(value), let bound = Int64(values[0]) else { return false }
    return order(own, bound)
  }
}

extension NodeRequirement: CustomStringConvertible {
  /// As `kubectl -l` writes it: `pool=gpu`, `zone in (a, b)`, `!spot`.
  package var description: String {
    let list = "(\(values.joined(separator: ", ")))"
    return switch `operator` {
    case .in: values.count == 1 ? "\(key)=\(values[0])" : "\(key) in \(list)"
    case .notIn: values.count == 1 ? "\(key)!=\(values[0])" : "\(key) notin \(list)"
    case .exists: key
    case .doesNotExist: "!\(key)"
    case .greater: "\(key)>\(values.first ?? "")"
    case .less: "\(key)<\(values.first ?? "")"
    }
  }
}
