import Documents
package import KubeAPIServer

/// The CEL rules of a schema, at their places in it.
///
/// Not done: the estimate of what rules cost, rules under `allOf`, `optionalOldSelf`.
struct ValidationRules: ObjectRules {
  private let schema: JSON
  private let rules: [ValidationRule]
  private let properties: [String: ValidationRules]
  /// Of a list's elements, or a map's values; at most one.
  private let others: [ValidationRules]

  /// Nil when there are no rules at or under this place.
  ///
  /// - Parameter tell: gets what is wrong with the rules themselves.
  init?(_ schema: JSON, isRoot: Bool = false, at place: String = "", tell: (FieldProblem) -> Void = { _ in }) {
    self.schema = schema
    rules = (schema["x-kubernetes-validations"]?.array ?? []).enumerated().compactMap { index, rule in
      ValidationRule(
        rule, schema, isRoot: isRoot, at: "\(place).x-kubernetes-validations[\(index)]", tell: tell)
    }
    var properties: [String: ValidationRules] = [:]
    for (name, member) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      properties[name] = ValidationRules(
        member, isRoot: member["x-kubernetes-embedded-resource"] == true, at: "\(place).properties[\(name)]", tell: tell
      )
    }
    self.properties = properties
    others = ["items", "additionalProperties"].compactMap { keyword in
      schema[keyword].flatMap {
        ValidationRules(
          $0, isRoot: $0["x-kubernetes-embedded-resource"] == true, at: "\(place).\(keyword)", tell: tell)
      }
    }
    if rules.isEmpty, properties.isEmpty, others.isEmpty { return nil }
  }

  /// What breaks a rule.
  ///
  /// - Parameters:
  ///   - old: what the value was. What did not change is not checked again (CRD validation ratcheting).
  func problems(in object: JSON, old: JSON?) -> [FieldProblem] {
    problems(in: object, old: old, isUnchanged: false, at: "", CELPatterns())
  }

  private func problems(
    in value: JSON, old: JSON?, isUnchanged: Bool, at path: String, _ patterns: CELPatterns
  ) -> [FieldProblem] {
    if value == .null { return [] }
    let isUnchanged = isUnchanged || value == old
    var problems = rules.compactMap { rule -> FieldProblem? in
      if rule.usesOldSelf ? old == nil : isUnchanged { return nil }
      return rule.problem(of: value, old: old, schema, at: path, patterns)
    }
    func add(_ inner: ValidationRules, _ content: JSON, _ old: JSON?, _ place: String) {
      problems += inner.problems(in: content, old: old, isUnchanged: isUnchanged, at: place, patterns)
    }
    switch value {
    case .object(let members):
      for (name, content) in members.sorted(by: { $0.key < $1.key }) {
        if let inner = properties[name] {
          add(inner, content, old?[name], path.isEmpty ? name : "\(path).\(name)")
        } else if let inner = others.first, schema[path: "properties", name] == nil {
          add(inner, content, old?[name], "\(path)[\(name)]")
        }
      }
    case .array(let elements):
      guard let inner = others.first else { break }
      for (index, element) in elements.enumerated() {
        add(inner, element, counterpart(of: element, in: old), "\(path)[\(index)]")
      }
    default: break
    }
    return problems
  }

  /// The element of the old list that is the same one by its keys; only lists that are maps have them.
  private func counterpart(of element: JSON, in old: JSON?) -> JSON? {
    guard schema["x-kubernetes-list-type"] == "map" else { return nil }
    let keys = (schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
    return old?.array?.first { other in keys.allSatisfy { other[$0] == element[$0] } }
  }
}

extension RuleCompiler {
  /// CEL, as API servers have it.
  package static let cel = RuleCompiler(policy: AdmissionRules.compiled) { schema, place in
    var problems: [FieldProblem] = []
    let rules = ValidationRules(schema, isRoot: true, at: place) { problems.append($0) }
    return (rules, problems)
  }
}
