package import Documents

/// A label selector: all requirements have to hold.
///
/// Source: apimachinery's `labels.Parse` (`a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`).
package struct LabelQuery: Hashable, Sendable {
  package struct Requirement: Hashable, Sendable {
    package enum Operator: Hashable, Sendable { case `in`, notIn, exists, doesNotExist, greater, less }

    package let key: String
    package let `operator`: Operator
    package let values: Set<String>

    func matches(_ labels: [String: JSON]) -> Bool {
      let value = labels[key]?.string
      switch self.operator {
      case .in: return value.map(values.contains) ?? false
      case .notIn: return value.map { !values.contains($0) } ?? true
      case .exists: return value != nil
      case .doesNotExist: return value == nil
      case .greater, .less:
        guard let value, let have = Int64(value), let bound = values.first.flatMap({ Int64($0) }) else { return false }
        return self.operator == .greater ? have > bound : have < bound
      }
    }
  }

  package var requirements: [Requirement]

  package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

  /// Whether it selects everything.
  package var isEmpty: Bool { requirements.isEmpty }

  package func matches(_ object: JSON) -> Bool {
    requirements.isEmpty || matches(labels: object[path: "metadata", "labels"]?.object ?? [:])
  }

  package func matches(labels: [String: JSON]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }

  /// The value that the label `key` has to have, when the query demands exactly one.
  func value(of key: String) -> String? {
    requirements.first { $0.key == key && $0.operator == .in && $0.values.count == 1 }?.values.first
  }

  /// From a `metav1.LabelSelector`.
  package init(selector: JSON) {
    requirements = (selector["matchLabels"]?.object ?? [:]).map {
      Requirement(key: $0.key, operator: .in, values: [$0.value.string ?? ""])
    }
    for expression in selector["matchExpressions"]?.array ?? [] {
      let kind: Requirement.Operator =
        switch expression["operator"]?.string {
        case "In": .in
        case "NotIn": .notIn
        case "Exists": .exists
        default: .doesNotExist
        }
      let values = (expression["values"]?.array ?? []).compactMap(\.string)
      requirements.append(
        Requirement(key: expression["key"]?.string ?? "", operator: kind, values: Set(values)))
    }
  }
}

extension LabelQuery {
  /// Parses the text of `labelSelector=`; throws 400.
  package init(parsing text: String) throws(StatusError) {
    requirements = []
    var parser = SelectorScanner(text)
    guard parser.peek() != nil else { return }
    repeat {
      requirements.append(try Self.requirement(&parser, text))
    } while parser.take(",")
    if let rest = parser.peek() { throw Self.fault(text, "found '\(rest)', expected: ',' or 'end of string'") }
  }

  private static func fault(_ text: String, _ problem: String) -> StatusError {
    .badRequest("unable to parse requirement: \(problem)")
  }

  private static func requirement(
    _ parser: inout SelectorScanner, _ text: String
  ) throws(StatusError) -> Requirement {
    let isNegated = parser.take("!")
    guard let key = parser.word() else {
      throw fault(text, "found '\(parser.peek() ?? "")', expected: !, identifier, or 'end of string'")
    }
    if let problem = NameRules.labelKeyProblem(key) {
      throw fault(text, "<nil>: Invalid value: \"\(key)\": \(problem)")
    }
    if isNegated { return Requirement(key: key, operator: .doesNotExist, values: []) }
    switch parser.peek() {
    case nil, ",": return Requirement(key: key, operator: .exists, values: [])
    case "=", "==", "!=", ">", "<":
      let sign = parser.next()
      let value = parser.word() ?? ""
      if let problem = NameRules.labelValueProblem(value) {
        throw fault(text, "values[0][\(key)]: Invalid value: \"\(value)\": \(problem)")
      }
      if sign == ">" || sign == "<" {
        guard Int64(value) != nil else {
          throw fault(
            text,
            "values[0][\(key)]: Invalid value: \"\(value)\": for 'Gt', 'Lt' operators, the value must be an integer")
        }
        return Requirement(key: key, operator: sign == ">" ? .greater : .less, values: [value])
      }
      return Requirement(key: key, operator: sign == "!=" ? .notIn : .in, values: [value])
    case "in", "notin":
      let isIn = parser.next() == "in"
      guard parser.take("(") else { throw fault(text, "found '\(parser.peek() ?? "")', expected: '('") }
      var values: Set<String> = []
      repeat { values.insert(parser.word() ?? "") } while parser.take(",")
      guard parser.take(")") else { throw fault(text, "found '\(parser.peek() ?? "")', expected: ',', or ')'") }
      for (index, value) in values.sorted().enumerated() {
        guard let problem = NameRules.labelValueProblem(value) else { continue }
        throw fault(text, "values[\(index)][\(key)]: Invalid value: \"\(value)\": \(problem)")
      }
      return Requirement(key: key, operator: isIn ? .in : .notIn, values: values)
    case .some(let other): throw fault(text, "found '\(other)', expected: in, notin, =, ==, !=, gt, lt")
    }
  }
}
