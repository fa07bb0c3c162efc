/// A parsed expression of the Common Expression Language. Source: the CEL language definition.
struct CELExpression: Sendable {
  indirect enum Node: Sendable {
    case literal(CELValue)
    case name(String)
    case member(CELExpression, String)
    /// `has(e.f)`
    case has(CELExpression, String)
    case list([CELExpression])
    case map([(CELExpression, CELExpression)])
    /// Functions, and operators under their own signs; `[]` is access by index.
    case call(String, target: CELExpression?, [CELExpression])
    case and(CELExpression, CELExpression)
    case or(CELExpression, CELExpression)
    case choice(CELExpression, CELExpression, CELExpression)
    case macro(Macro, CELExpression, variable: String, CELExpression, transform: CELExpression?)
  }

  enum Macro: String, Sendable { case all, exists, existsOne = "exists_one", filter, map }

  let node: Node
  /// Characters before it in the source.
  let offset: Int

  /// Whether the name is used anywhere as a variable.
  func uses(_ name: String) -> Bool {
    switch node {
    case .literal: false
    case .name(let own): own == name
    case .member(let value, _), .has(let value, _): value.uses(name)
    case .list(let elements): elements.contains { $0.uses(name) }
    case .map(let entries): entries.contains { $0.0.uses(name) || $0.1.uses(name) }
    case .call(_, let target, let arguments):
      (target?.uses(name) ?? false) || arguments.contains { $0.uses(name) }
    case .and(let a, let b), .or(let a, let b): a.uses(name) || b.uses(name)
    case .choice(let a, let b, let c): a.uses(name) || b.uses(name) || c.uses(name)
    case .macro(_, let range, _, let body, let transform):
      range.uses(name) || body.uses(name) || (transform?.uses(name) ?? false)
    }
  }
}

/// A text that is no expression, or one whose types do not fit.
struct CELError: Error, Hashable, Sendable {
  let problem: String
  let offset: Int

  /// As cel-go words it: with the line, and a mark under the place.
  func description(in source: String) -> String {
    let before = source.prefix(offset)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let number = before.count { $0 == "\n" }
    let column =
      before.count - (before.lastIndex(of: "\n").map { before.distance(from: before.startIndex, to: $0) + 1 } ?? 0)
    let line = number < lines.count ? lines[number] : ""
    return
      "ERROR: <input>:\(number + 1):\(column + 1): \(problem)\n | \(line)\n | \(String(repeating: ".", count: column))^"
  }
}

/// Evaluation that came to no value: `no such key: x`, `division by zero`.
struct CELFault: Error, Hashable, Sendable {
  let problem: String

  init(_ problem: String) { self.problem = problem }

  static let noOverload = CELFault("no such overload")
}
